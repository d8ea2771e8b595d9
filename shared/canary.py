"""The canary: a test request that goes the way of every request, apart from everything that is counted or listed."""

from collections.abc import Sequence
from uuid import UUID, uuid5

SERVICE = "canary"
"""The hidden service of the catalogue."""
HEADER = "ce_canary"
"""CloudEvents extension of a canary's submission: whoever counts records passes it over without opening it."""
WORK_NUMBER = "0000000000"
"""No request's: numbers of ten digits never begin with zero."""
_NAMESPACE = UUID("5f0a3c0e-6a3f-4c53-9d7c-0b9f3f1f6b11")


def event_id(run: int) -> UUID:
    """Name the registration of a run."""
    return uuid5(_NAMESPACE, str(run))


def is_canary(headers: Sequence[tuple[str, bytes | None]]) -> bool:
    """Say whether a submission is a canary's; its MAC covers the header."""
    return any(name == HEADER for name, _ in headers)
