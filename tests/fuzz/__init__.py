"""Inputs of every kind at every place, one file for each kind of input; longer and by chance with `FUZZ_SECONDS`."""
