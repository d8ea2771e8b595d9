"""The tracker's own ledger says the same as the auditor."""

from proof.chaos.audit.cases import RESOLVED, Cases
from proof.chaos.audit.finding import Finding


def check_ledger(cases: Cases) -> list[Finding]:
    """Find `ledger_differs`, where the tracker keeps a ledger: its counts, and nothing overdue once all has settled."""
    ledger = cases.evidence.ledger
    if ledger is None:
        return []
    counted = {
        "numbered": len(cases.rows),
        "receipted": sum(bool(cases.receipts(request)) for request in cases.rows),
        "resolved": len({row.request_id for row in cases.evidence.history if row.type == RESOLVED}),
    }
    found = [
        Finding("ledger_differs", name, f"ledger {ledger[name]}, auditor {count}")
        for name, count in counted.items()
        if isinstance(ledger.get(name), int) and ledger[name] != count
    ]
    if overdue := ledger.get("overdue"):
        found.append(Finding("ledger_differs", "overdue", str(overdue)[:300]))
    return found
