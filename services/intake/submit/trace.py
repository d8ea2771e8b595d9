"""Continues the caller's trace, or starts one. Pure."""

import os
from collections.abc import Mapping

from shared.events.trace_context import valid_traceparent


def traceparent_of(headers: Mapping[str, str]) -> str:
    """Return a `traceparent` with a new span.

    It is in the caller's trace if the caller's header is valid, else in a new trace.
    """
    caller = valid_traceparent(headers.get("traceparent"))
    drawn = os.urandom(24).hex()
    trace_id, flags = (caller[3:35], caller[-2:]) if caller else (drawn[:32], "01")
    return f"00-{trace_id}-{drawn[32:]}-{flags}"
