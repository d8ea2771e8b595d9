"""Nobody waited in silence: whoever waited longer than promised was under an alarm."""

from collections.abc import Collection, Sequence

from proof.chaos.audit.cases import Cases
from proof.chaos.audit.evidence import AlarmRow
from proof.chaos.audit.finding import Finding
from proof.chaos.audit.recovery import passages

NUMBER_SECONDS, RECEIPT_SECONDS = 10.0, 60.0
NOTICED_SECONDS = 20.0
"""An alarm may come so much later: the ledger is read every few seconds, by a process that the storm kills too."""
WITHOUT_NUMBER = frozenset({"no-number", "lag", "spool", "unknown", "skipped"})
WITHOUT_RECEIPT = WITHOUT_NUMBER | {"no-receipt", "unpublished"}
"""The alarms that speak of such a wait. Others, about poison say, last for the whole storm and would excuse everything."""


def check_alarms(cases: Cases) -> list[Finding]:
    """Find `silent_waits`: orders that were accepted and waited too long for their number or receipt, while no alarm was raised."""
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
