"""Floors: the least that can do each job, measured beside the product in the same run."""
