"""Measures how soon after each fault requests are accepted, numbered and mailed again."""

from bisect import bisect_left
from dataclasses import dataclass

from proof.chaos.audit.cases import REGISTERED, Cases
from proof.chaos.audit.evidence import Fault

FAILED, BOUNCED = "mail.failed.v1", "mail.bounced.v1"
SELF_HEALING = ("kill", "term", "crash", "failover-cut-off", "failover-read-only", "twice-frozen")
"""Another process takes over, or the process restarts, while the fault lasts."""


@dataclass(frozen=True)
class Passage:
    """The times of one order: sent, answered as accepted, numbered and mailed (`None`: never).

    `refused` if a mail of it failed first.
    """

    sent_at: float
    accepted_at: float
    numbered_at: float | None
    mailed_at: float | None
    refused: bool = False


@dataclass(frozen=True)
class Recovery:
    """Seconds from a fault until an order sent after it was accepted, numbered and mailed.

    `None` where no order was sent any more.
    """

    fault: Fault
    accepted: float | None
    numbered: float | None
    mailed: float | None


def passages(cases: Cases) -> list[Passage]:
    """Return the times of every accepted order, by the time it was first sent."""
    numbered = {
        request: min(event.at for event in events if event.type == REGISTERED)
        for request, events in cases.lifecycle.items()
        if any(event.type == REGISTERED for event in events)
    }
    refused = {
        str(record.data.get("request_id"))
        for record in cases.evidence.records
        if record.type in {FAILED, BOUNCED}
    }
    found = []
    for order in cases.accepted:
        submits = [submit for submit in cases.submits[order] if submit.reply == "accepted"]
        requests = cases.requests.get(order, set())
        mails = [mail.at for request in requests for mail in cases.receipts(request)]
        numbers = [numbered[request] for request in requests if request in numbered]
        first = submits[0]
        found.append(
            Passage(
                first.sent_at,
                first.answered_at,
                min(numbers, default=None),
                min(mails, default=None),
                not refused.isdisjoint(requests),
            )
        )
    return sorted(found, key=lambda passage: passage.sent_at)


def recoveries(faults: list[Fault], ways: list[Passage]) -> list[Recovery]:
    """Measure each fault that happened.

    From its beginning if the system recovers while it lasts, else from its end.
    """
    sent = [way.sent_at for way in ways]
    found = []
    for fault in faults:
        begin = fault.started_at if fault.kind in SELF_HEALING else fault.ended_at
        after = ways[bisect_left(sent, begin) :]
        found.append(
            Recovery(
                fault,
                _first(begin, [way.accepted_at for way in after]),
                _first(begin, [way.numbered_at for way in after]),
                _first(begin, [way.mailed_at for way in after]),
            )
        )
    return found


def _first(begin: float, moments: list[float] | list[float | None]) -> float | None:
    # An order may have arrived by an earlier attempt, whose answer never came.
    known = [moment for moment in moments if moment is not None and moment >= begin]
    return round(min(known) - begin, 3) if known else None
