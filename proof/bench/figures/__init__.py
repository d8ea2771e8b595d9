"""The measurements of a benchmark run, and their goals."""
