"""Checks that tracker's own ledger agrees with the auditor."""

from proof.chaos.audit.cases import RESOLVED, Cases
from proof.chaos.audit.finding import Finding


def check_ledger(cases: Cases) -> list[Finding]:
    """Find `ledger_differs`: its counts, and that only the poison is overdue at the end."""
    ledger = cases.evidence.ledger
    if ledger is None:
        return [Finding("ledger_differs", "ledger", "it did not answer")]
    counted = {
        "accepted": len(cases.rows) + cases.evidence.spooled,
        "numbered": len(cases.rows),
        "receipted": sum(bool(cases.receipts(request)) for request in cases.rows),
        "resolved": len({row.request_id for row in cases.evidence.history if row.type == RESOLVED}),
    }
    found = [
        Finding("ledger_differs", name, f"ledger {ledger.get(name)}, auditor {count}")
        for name, count in counted.items()
        if ledger.get(name) != count
    ]
    # Poison stays an alarm until an operator has settled it.
    overdue = {each["reason"]: each["count"] for each in ledger.get("overdue", ())}
    expected = {"dead-letter": len(cases.evidence.dead_letters)} if cases.evidence.dead_letters else {}
    if overdue != expected:
        found.append(Finding("ledger_differs", "overdue", f"ledger {overdue}, auditor {expected}"))
    return found
