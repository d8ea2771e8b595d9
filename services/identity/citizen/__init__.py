"""Citizens: they choose their bank, and come back from it identified, cancelled or rejected."""
