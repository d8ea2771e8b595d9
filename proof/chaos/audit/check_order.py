"""Checks that a request's history, events and mails are complete and in the same order."""

from collections import defaultdict

from proof.chaos.audit.cases import Cases
from proof.chaos.audit.finding import Finding
from proof.chaos.audit.recovery import BOUNCED, FAILED


def check_order(cases: Cases) -> list[Finding]:
    """Find `unpublished`, `out_of_order` (topic) and `mails_out_of_order`."""
    owed: dict[str, list[str]] = defaultdict(list)
    for row in sorted(cases.evidence.history, key=lambda row: row.id):
        if row.owed:
            owed[row.request_id].append(row.event_id)
    found: list[Finding] = []
    for request, events in owed.items():
        event_ids = [record.id for record in cases.lifecycle.get(request, ())]
        if missing := [event for event in events if event not in event_ids]:
            found.append(Finding("unpublished", request, f"{len(missing)} of {len(events)} events"))
        elif [event for event in event_ids if event in events] != events or _partitions(cases, request) > 1:
            found.append(Finding("out_of_order", request))
    return found + _mails_out_of_order(cases)


def _partitions(cases: Cases, request: str) -> int:
    return len({record.partition for record in cases.lifecycle.get(request, ())})


def _mails_out_of_order(cases: Cases) -> list[Finding]:
    """Find resolutions before receipts.

    A receipt that was refused or came back, and was sent again by an operator, may come after the resolution.
    """
    refused = {
        str(record.data.get("request_id"))
        for record in cases.evidence.records
        if record.type in {FAILED, BOUNCED}
    }
    found = []
    for request in cases.texts:
        receipts, resolutions = cases.receipts(request), cases.resolutions(request)
        if (
            request not in refused
            and receipts
            and resolutions
            and min(r.at for r in resolutions) < min(r.at for r in receipts)
        ):
            found.append(Finding("mails_out_of_order", request))
    return found
