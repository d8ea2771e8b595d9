"""The clients of a run; each writes the answers it gets to a journal."""
