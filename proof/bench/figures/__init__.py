"""The figures: what each part of a run measures, and the goals."""
