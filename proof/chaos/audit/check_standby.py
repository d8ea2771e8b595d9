"""Checks that a second worker takes over while the first one is frozen."""

from proof.chaos.audit.cases import Cases
from proof.chaos.audit.evidence import Fault
from proof.chaos.audit.finding import Finding
from proof.chaos.audit.recovery import Passage, passages

FROZEN_BESIDE = "twice-frozen"
TAKES_OVER_SECONDS = 18.0
"""A lease of ten seconds, a session of six, and a busy machine."""


def check_standby(cases: Cases) -> list[Finding]:
    """Find `stood_still`."""
    ways = passages(cases)
    frozen = [fault for fault in cases.evidence.faults if fault.kind == FROZEN_BESIDE and fault.hit]
    return [
        Finding("stood_still", fault.target, "nothing got its number and its mail while it was frozen")
        for fault in frozen
        if not _flows(fault, ways)
    ]


def _flows(fault: Fault, ways: list[Passage]) -> bool:
    """True if a request sent during the fault was mailed before its end.

    False also if none had time for it: then nothing is proven.
    """
    within = [
        way for way in ways if fault.started_at <= way.accepted_at <= fault.ended_at - TAKES_OVER_SECONDS
    ]
    return not within or any(way.mailed_at is not None and way.mailed_at <= fault.ended_at for way in within)
