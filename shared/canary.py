"""The canary: a test request that goes the way of every request, apart from everything that is counted or listed."""

from collections.abc import Sequence

SERVICE = "canary"
"""The hidden service of the catalogue."""
HEADER = "ce_canary"
"""CloudEvents extension of a canary's submission: whoever counts records passes it over without opening it."""
WORK_NUMBER = "0000000000"
"""No request's: numbers of ten digits never begin with zero."""


def is_canary(headers: Sequence[tuple[str, bytes | None]]) -> bool:
    """Say whether a submission is a canary's; its MAC covers the header."""
    return any(name == HEADER for name, _ in headers)
