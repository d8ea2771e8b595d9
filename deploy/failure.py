"""The exception that ends a run with one sentence for its user."""


class StartFailure(Exception):
    """A run cannot start or go on; the message is one sentence that says what to do."""
