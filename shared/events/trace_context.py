"""Validates the W3C `traceparent` header. Pure."""

import re

LENGTH = 55
"""The length in version 00; a later version begins with the same fields."""
PATTERN = re.compile(
    r"(?!ff)([0-9a-f]{2})-((?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2})(-.*)?", re.ASCII
)
MAX_LATER_LENGTH = 512
"""The longest header of a later version that is accepted."""


def valid_traceparent(value: str | None) -> str | None:
    """Return a valid `traceparent` as one of version 00, which may be sent on, else `None`."""
    match = PATTERN.fullmatch(value) if value and len(value) <= MAX_LATER_LENGTH else None
    if match is None or (match[1] == "00" and match[3]):
        return None
    return f"00-{match[2]}"
