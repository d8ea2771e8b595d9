"""Staff: accounts with a password, for the operator console."""
