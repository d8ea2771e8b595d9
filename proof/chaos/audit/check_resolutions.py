"""Checks that each resolution confirmed to the back office happened once, and that its text was mailed."""

from collections import defaultdict

from proof.chaos.audit.cases import RESOLVED, Cases
from proof.chaos.audit.evidence import HistoryRow
from proof.chaos.audit.finding import Finding


def check_resolutions(cases: Cases) -> list[Finding]:
    """Find `resolutions_missing`, `second_resolutions`, `wrong_resolutions` (a text that nobody sent)."""
    entries: dict[str, list[HistoryRow]] = defaultdict(list)
    for row in cases.evidence.history:
        if row.type == RESOLVED:
            entries[row.request_id].append(row)
    events = {
        request: {record.id for record in records if record.type == RESOLVED}
        for request, records in cases.lifecycle.items()
    }
    # What is in the history was done, even if the back office got no answer.
    confirmed = {
        resolve.request_id for resolve in cases.evidence.resolves if resolve.reply == "accepted"
    } | set(entries)
    found = [
        Finding("resolutions_missing", request, where)
        for request in sorted(confirmed)
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
    """Return where a confirmed resolution is missing; empty if it is not."""
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
