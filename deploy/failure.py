"""What ends a run."""


class StartFailure(Exception):
    """A run cannot start or go on; the message is one sentence that says what to do."""
