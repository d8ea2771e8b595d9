"""The storm: what is done to whom and when, drawn from one seed."""
