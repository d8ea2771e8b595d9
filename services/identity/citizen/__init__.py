"""The login of citizens: they choose a bank, and return from it identified, cancelled or rejected."""
