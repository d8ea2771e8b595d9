"""A small world in which nothing was lost, for tests that lose something."""

from dataclasses import replace
from typing import Any

from proof.chaos.audit.evidence import (
    DeadLetterRow,
    DeliveryRow,
    Evidence,
    Fault,
    HistoryRow,
    Mail,
    Poison,
    Record,
    RequestRow,
    Resolve,
    Submit,
)
from proof.chaos.audit.verdict import judge

NUMBERS = {1: "482913057", 2: "100000001", 3: "200000002"}
TEXT = "Pyyntösi on käsitelty. Ratkaisu abcdef."
KILL = Fault("kill", "notifier-worker", 40.0, 42.0)


def request_of(order: int) -> str:
    return f"request-{order}"


def submit(order: int, **other: Any) -> Submit:  # noqa: ANN401  whatever the case needs
    email = f"tilaus-{order}@chaos.example"
    first = Submit(
        order,
        "first",
        email,
        "fi",
        "api",
        "once",
        "accepted",
        202,
        request_of(order),
        float(order),
        order + 0.1,
    )
    return replace(first, **other)


def mail(order: int, text: str = "", at: float = 0.0, **other: Any) -> Mail:  # noqa: ANN401  as above
    number = NUMBERS[order]
    whole = f"Työnumerosi: {number}\n{text}"
    at = at or order + (0.8 if text else 0.3)
    name = f"<{order}.{'resolution' if text else 'receipt'}@kunta.example>"
    sent = Mail(
        at, f"{at:.2f}.mailbox", f"tilaus-{order}@chaos.example", name, "fi", "fi", frozenset({number}), whole
    )
    return replace(sent, **other)


def lifecycle(order: int, kind: str, offset: int, **other: Any) -> Record:  # noqa: ANN401  as above
    data = {"request_id": request_of(order), "work_number": NUMBERS[order]}
    event = Record(
        "requests.lifecycle",
        0,
        offset,
        order + 0.2,
        request_of(order),
        f"request.{kind}.v1",
        f"{kind}-{order}",
        data,
    )
    return replace(event, **other)


def history(order: int, number: int, kind: str, text: str | None = None) -> HistoryRow:
    return HistoryRow(request_of(order), number, f"{kind}-{order}", f"request.{kind}.v1", text, owed=True)


def clean_evidence() -> Evidence:
    """Three orders: all receipted, the first resolved; one poisoned record in its grave."""
    poison = Record("requests.submitted", 3, 7, 5.0, "poison-1-0")
    grave = {
        "dead_letter_topic": "requests.submitted",
        "dead_letter_partition": "3",
        "dead_letter_offset": "7",
    }
    return Evidence(
        submits=[submit(order) for order in NUMBERS],
        resolves=[Resolve(request_of(1), "api", TEXT, "accepted", 200, 1.4, 1.5)],
        poison=[Poison("poison-1-0", "requests.submitted", "accepted")],
        faults=[KILL],
        records=[
            *(lifecycle(order, "registered", order) for order in NUMBERS),
            lifecycle(1, "resolved", 9),
            poison,
            Record("requests.submitted.dead-letter", 0, 0, 5.1, "poison-1-0", headers=grave),
        ],
        requests=[
            RequestRow(request_of(order), number, "fi", f"tilaus-{order}@chaos.example", "received")
            for order, number in NUMBERS.items()
        ],
        history=[
            *(history(order, order, "registered") for order in NUMBERS),
            history(1, 9, "resolved", TEXT),
        ],
        deliveries=[
            DeliveryRow(request_of(order), f"registered-{order}", "receipt", "<m>", "sent")
            for order in NUMBERS
        ],
        dead_letters=[DeadLetterRow("requests.submitted", 3, 7, "tracker.submitted")],
        mails=[*(mail(order) for order in NUMBERS), mail(1, TEXT)],
        ledger={
            "accepted": 3,
            "numbered": 3,
            "receipted": 3,
            "resolved": 1,
            "overdue": [{"reason": "dead-letter", "count": 1}],
        },
    )


def broken_promises(evidence: Evidence) -> set[str]:
    """Name the promises that the auditor finds broken."""
    return {finding.check for finding in judge(evidence).findings}
