"""W3C trace context: what counts as a `traceparent`, at every place where one comes in. Pure."""

import re

LENGTH = 55
"""What version 00 has; a later version begins with the same fields."""
PATTERN = re.compile(
    r"(?!ff)([0-9a-f]{2})-((?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2})(-.*)?", re.ASCII
)
MAX_LATER_LENGTH = 512
"""No longer than this is a header of a later version."""


def valid_traceparent(value: str | None) -> str | None:
    """Give a `traceparent` as one of version 00, which may be sent on; `None` where it is no valid one."""
    match = PATTERN.fullmatch(value) if value and len(value) <= MAX_LATER_LENGTH else None
    if match is None or (match[1] == "00" and match[3]):
        return None
    return f"00-{match[2]}"
