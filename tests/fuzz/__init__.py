"""Inputs of every kind at every place, one file for each kind of input.

Longer and by chance with `FUZZ_SECONDS`.
"""
