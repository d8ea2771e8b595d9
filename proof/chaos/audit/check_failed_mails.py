"""Checks that a mail fails permanently only when its recipient was refused.

Any other refusal of a mail server concerns all mails, which must wait.
"""

from proof.chaos.audit.cases import Cases
from proof.chaos.audit.finding import Finding, findings
from proof.chaos.audit.recovery import FAILED

REFUSES_RECIPIENTS = "mail-refuse"
SECONDS_BEFORE, SECONDS_AFTER = 0.5, 15.0
"""Seconds around the fault in which one of its outcomes may reach the topic."""


def check_failed_mails(cases: Cases) -> list[Finding]:
    """Find `failed_without_cause`."""
    windows = [
        (fault.started_at - SECONDS_BEFORE, fault.ended_at + SECONDS_AFTER)
        for fault in cases.evidence.faults
        if fault.kind == REFUSES_RECIPIENTS
    ]
    failed = (
        record
        for record in cases.evidence.records
        if record.type == FAILED and record.key == record.data.get("request_id")
    )
    unexplained = (
        record for record in failed if not any(begin <= record.at <= end for begin, end in windows)
    )
    return findings(
        "failed_without_cause", (record.key for record in unexplained), "its recipient was not refused"
    )
