"""W3C trace context: take the caller's trace or begin one. Pure."""

import re
import secrets
from collections.abc import Mapping

TRACEPARENT = re.compile(r"(?!ff)[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-([0-9a-f]{2})(-.*)?")


def traceparent_of(headers: Mapping[str, str]) -> str:
    """Give a `traceparent` of our own span: in the caller's trace where its header is a valid one, else in a new trace."""
    match = TRACEPARENT.fullmatch(headers.get("traceparent", ""))
    trace_id, flags = (match[1], match[2]) if match else (secrets.token_hex(16), "01")
    return f"00-{trace_id}-{secrets.token_hex(8)}-{flags}"
