"""Runs all checks of the auditor and sums up the result."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from proof.chaos.audit.cases import LIFECYCLE, RESOLVED, Cases
from proof.chaos.audit.check_alarms import check_alarms
from proof.chaos.audit.check_answers import check_answers, conflicts_not_told, failed_yet_registered
from proof.chaos.audit.check_dead_letters import check_dead_letters, dead_letter_origins, sent_poison
from proof.chaos.audit.check_failed_mails import check_failed_mails
from proof.chaos.audit.check_ledger import check_ledger
from proof.chaos.audit.check_logins import check_logins
from proof.chaos.audit.check_numbers import check_numbers
from proof.chaos.audit.check_order import check_order
from proof.chaos.audit.check_receipts import check_receipts
from proof.chaos.audit.check_repeats import causes_of_repeats, check_repeats
from proof.chaos.audit.check_resolutions import check_resolutions
from proof.chaos.audit.check_standby import check_standby
from proof.chaos.audit.evidence import Evidence
from proof.chaos.audit.finding import Finding
from proof.chaos.audit.flow import Flow, flow
from proof.chaos.audit.recovery import Recovery, passages, recoveries

CHECKS: Sequence[Callable[[Cases], list[Finding]]] = (
    check_numbers,
    check_receipts,
    check_failed_mails,
    check_repeats,
    check_order,
    check_resolutions,
    check_dead_letters,
    check_answers,
    check_ledger,
    check_alarms,
    check_logins,
    check_standby,
)
PROMISES = (
    "without_number",
    "second_numbers",
    "shared_numbers",
    "second_requests",
    "half_registered",
    "strangers",
    "without_receipt",
    "failed_without_cause",
    "wrong_address",
    "wrong_number",
    "wrong_language",
    "stray_mails",
    "unexplained_repeats",
    "second_messages",
    "second_deliveries",
    "unpublished",
    "out_of_order",
    "mails_out_of_order",
    "resolutions_missing",
    "second_resolutions",
    "wrong_resolutions",
    "poison_lost",
    "dead_letters_missing",
    "dead_letters_extra",
    "dead_letters_unseen",
    "dead_letters_twice",
    "never_sent",
    "second_ids",
    "invalid_accepted",
    "valid_refused",
    "conflicts_not_told",
    "errors_without_fault",
    "still_spooled",
    "ledger_differs",
    "silent_waits",
    "logins_held_up",
    "stood_still",
)
"""Every count that must be zero."""


@dataclass(frozen=True)
class Verdict:
    """`figures` are counts, `broken` how often each promise was broken, `findings` each case."""

    figures: dict[str, int]
    broken: dict[str, int]
    findings: list[Finding]
    repeats: dict[str, int]
    recovery: list[Recovery]
    flow: Flow
    failed_yet_registered: list[int]

    @property
    def ok(self) -> bool:
        """True if no promise was broken."""
        return not self.findings


def judge(evidence: Evidence) -> Verdict:
    """Run all checks."""
    cases = Cases(evidence)
    found = [finding for check in CHECKS for finding in check(cases)]
    if evidence.spooled:
        found.append(Finding("still_spooled", "spool", f"{evidence.spooled} records"))
    counted = Counter(finding.check for finding in found)
    ways, arrived = passages(cases), failed_yet_registered(cases)
    return Verdict(
        figures=_figures(cases, len(arrived)),
        broken={promise: counted[promise] for promise in PROMISES},
        findings=found,
        repeats=dict(causes_of_repeats(cases)),
        recovery=recoveries([fault for fault in evidence.faults if fault.hit], ways),
        flow=flow(ways),
        failed_yet_registered=arrived,
    )


def _figures(cases: Cases, arrived: int) -> dict[str, int]:
    evidence = cases.evidence
    replies = Counter(submit.reply for submit in evidence.submits)
    resolved = {row.request_id for row in evidence.history if row.type == RESOLVED}
    return {
        "orders": len(cases.submits),
        "attempts": len(evidence.submits),
        "accepted": len(cases.accepted),
        "told_accepted": replies["accepted"],
        "told_refused": replies["refused"],
        "told_failed": replies["failed"],
        "told_nothing": replies["unknown"],
        "told_failed_yet_arrived": arrived,
        "conflicts_told_late": len(conflicts_not_told(cases)),
        "numbered": len(cases.rows),
        "mails": len(evidence.mails),
        "repeats": sum(causes_of_repeats(cases).values()),
        "resolved": len(resolved),
        "events_published_twice": _published_twice(cases),
        "dead_letters_expected": len(sent_poison(cases)),
        "dead_letters_found": len(dead_letter_origins(cases)),
        "alarms": len(evidence.alarms),
        "faults": sum(fault.hit for fault in evidence.faults),
        "crash_points_missed": sum(not fault.hit for fault in evidence.faults if fault.kind == "crash"),
    }


def _published_twice(cases: Cases) -> int:
    counted = Counter(
        record.id for record in cases.evidence.records if record.topic == LIFECYCLE and record.id
    )
    return sum(count - 1 for count in counted.values())
