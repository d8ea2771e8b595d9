"""What the back back_office was told is resolved is resolved once, and the citizen got that text."""

from collections import defaultdict

from proof.chaos.audit.cases import RESOLVED, Cases
from proof.chaos.audit.evidence import HistoryRow
from proof.chaos.audit.finding import Finding


def check_resolutions(cases: Cases) -> list[Finding]:
    """Find `resolutions_missing`, `second_resolutions`, `wrong_resolutions` (a text nobody gave, or none asked for)."""
    entries: dict[str, list[HistoryRow]] = defaultdict(list)
    for row in cases.evidence.history:
        if row.type == RESOLVED:
            entries[row.request_id].append(row)
    events = {
        request: {record.id for record in records if record.type == RESOLVED}
        for request, records in cases.lifecycle.items()
    }
    # What is in the history was done, whether or not the back back_office heard of it.
    told = {resolve.request_id for resolve in cases.evidence.resolves if resolve.told == "accepted"} | set(
        entries
    )
    found = [
        Finding("resolutions_missing", request, where)
        for request in sorted(told)
        if (where := _missing(cases, request, entries, events))
    ]
    for request, rows in entries.items():
        if len(rows) > 1 or len(events.get(request, ())) > 1:
            found.append(Finding("second_resolutions", request))
        if any(
            (row.text or "").strip() not in {text.strip() for text in cases.texts.get(request, ())}
            for row in rows
        ):
            found.append(Finding("wrong_resolutions", request))
    return found


def _missing(
    cases: Cases, request: str, entries: dict[str, list[HistoryRow]], events: dict[str, set[str]]
) -> str:
    """Say where a resolution that was told is missing; empty where it is not."""
    if not entries.get(request):
        return "history"
    if not events.get(request):
        return "topic"
    row = cases.rows.get(request)
    texts = [entry.text or "" for entry in entries[request]]
    right = [
        mail
        for mail in cases.resolutions(request)
        if row and mail.to == row.email and any(text.splitlines()[0] in mail.text for text in texts)
    ]
    return "" if right else "mail"
