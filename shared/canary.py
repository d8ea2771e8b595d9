"""Constants of the canary, a test request sent once a minute that is never counted or listed."""

from collections.abc import Sequence

SERVICE = "canary"
"""The hidden service of the catalogue."""
HEADER = "ce_canary"
"""CloudEvents extension of a canary's submission, so that counting needs no decryption."""
WORK_NUMBER = "0000000000"
"""Belongs to no request: numbers of ten digits never begin with zero."""


def is_canary(headers: Sequence[tuple[str, bytes | None]]) -> bool:
    """True if a submission is a canary's; its MAC covers the header."""
    return any(name == HEADER for name, _ in headers)
