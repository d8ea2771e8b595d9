"""How long the mail server may take for each step, in seconds: as RFC 5321 4.5.3.2 has it, where it does."""

from collections.abc import Mapping
from typing import Literal, TypeAlias

from services.notifier.domain import Step

TimedStep: TypeAlias = Step | Literal["tls", "block", "rset", "quit"]

MINUTE = 60.0
LIMITS: Mapping[TimedStep, float] = {
    "connect": 30.0,  # TCP alone; the greeting has its own limit
    "tls": 60.0,
    "greeting": 5 * MINUTE,
    "ehlo": 5 * MINUTE,
    "helo": 5 * MINUTE,
    "starttls": 5 * MINUTE,
    "auth": 5 * MINUTE,
    "mail": 5 * MINUTE,
    "rcpt": 5 * MINUTE,
    "data": 2 * MINUTE,
    "block": 3 * MINUTE,  # until the server has read on in a message
    "end": 10 * MINUTE,  # after the final dot: the server may be scanning the message
    "rset": 30.0,  # what became of the mail is known by then
    "quit": 2.0,
}
SILENT_SECONDS = 30
"""How long our bytes or keepalive probes may stay unacknowledged.

A slow server acknowledges them, a vanished one
does not."""


def limits(most: float | None, different: Mapping[TimedStep, float]) -> Mapping[TimedStep, float]:
    """Return the limits with some of them `different`, and none above `most`."""
    merged = {**LIMITS, **different}
    return merged if most is None else {step: min(seconds, most) for step, seconds in merged.items()}
