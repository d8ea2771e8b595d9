"""W3C trace context: take the caller's trace or begin one. Pure."""

import os
import re
from collections.abc import Mapping

TRACEPARENT = re.compile(r"(?!ff)[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-([0-9a-f]{2})(-.*)?")


def traceparent_of(headers: Mapping[str, str]) -> str:
    """Give a `traceparent` of our own span: in the caller's trace where its header is a valid one, else in a new trace."""
    told = headers.get("traceparent")
    match = TRACEPARENT.fullmatch(told) if told else None
    drawn = os.urandom(24).hex()
    trace_id, flags = (match[1], match[2]) if match else (drawn[:32], "01")
    return f"00-{trace_id}-{drawn[32:]}-{flags}"
