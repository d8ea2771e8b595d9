"""The state of a request, and of the service as a whole."""
