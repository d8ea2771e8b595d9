"""The login of staff by name and password, for the operators' console."""
