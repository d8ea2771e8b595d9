"""Checks that an alarm was raised whenever a request waited longer than promised."""

from collections.abc import Collection, Sequence

from proof.chaos.audit.cases import Cases
from proof.chaos.audit.evidence import AlarmRow
from proof.chaos.audit.finding import Finding
from proof.chaos.audit.recovery import passages

NUMBER_SECONDS, RECEIPT_SECONDS = 10.0, 60.0
NOTICED_SECONDS = 20.0
"""Allowed delay of an alarm: the ledger is read every few seconds, by a process that faults kill too."""
WITHOUT_NUMBER = frozenset({"no-number", "lag", "spool", "unknown", "skipped"})
WITHOUT_RECEIPT = WITHOUT_NUMBER | {"no-receipt", "unpublished"}
"""The alarms about such a wait.

Others, for example about poison, last for the whole run and would hide everything.
"""


def check_alarms(cases: Cases) -> list[Finding]:
    """Find `silent_waits`: accepted orders that waited too long for number or receipt without an alarm."""
    found = []
    for way in passages(cases):
        of_receipt = WITHOUT_RECEIPT | {"mail-failed"} if way.refused else WITHOUT_RECEIPT
        waits = (
            ("number", NUMBER_SECONDS, way.numbered_at, WITHOUT_NUMBER),
            ("receipt", RECEIPT_SECONDS, way.mailed_at, of_receipt),
        )
        for what, seconds, until, reasons in waits:
            due = way.accepted_at + seconds
            if (
                until is not None
                and until > due + NOTICED_SECONDS
                and not _alarmed(cases.evidence.alarms, reasons, due, due + NOTICED_SECONDS)
            ):
                found.append(
                    Finding(
                        "silent_waits",
                        f"accepted at {way.accepted_at:.1f}",
                        f"{until - way.accepted_at:.1f} s for its {what}",
                    )
                )
    return found


def _alarmed(alarms: Sequence[AlarmRow], reasons: Collection[str], begin: float, end: float) -> bool:
    return any(
        alarm.reason in reasons
        and alarm.began_at <= end
        and (alarm.ended_at is None or alarm.ended_at >= begin)
        for alarm in alarms
    )
