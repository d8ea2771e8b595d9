"""Checks that every accepted request has exactly one work number, and that nothing else is registered."""

from collections import defaultdict

from proof.chaos.audit.cases import REGISTERED, Cases
from proof.chaos.audit.finding import Finding, findings


def check_numbers(cases: Cases) -> list[Finding]:
    """Find numbers that are missing, doubled or shared, and requests that are doubled, partial or unknown.

    `without_number`, `second_numbers`, `shared_numbers`, `second_requests`, `half_registered`, `strangers`.
    """
    numbered = {
        order: {request for request in cases.requests.get(order, ()) if cases.numbers.get(request)}
        for order in cases.submits
    }
    holders: dict[str, set[str]] = defaultdict(set)
    for request, numbers in cases.numbers.items():
        for number in numbers:
            holders[number].add(request)
    return [
        *findings(
            "without_number", (f"order {order}" for order in sorted(cases.accepted) if not numbered[order])
        ),
        *findings(
            "second_numbers", (request for request, numbers in cases.numbers.items() if len(numbers) > 1)
        ),
        *findings("shared_numbers", (number for number, requests in holders.items() if len(requests) > 1)),
        *findings(
            "second_requests",
            (f"order {order}" for order, requests in cases.requests.items() if len(requests) > 1),
        ),
        *findings("half_registered", _half_registered(cases), "in the database or on the topic, not in both"),
        *findings("strangers", _strangers(cases), "registered, but nobody sent it"),
    ]


def _half_registered(cases: Cases) -> set[str]:
    known = {
        request
        for request, events in cases.lifecycle.items()
        if any(event.type == REGISTERED for event in events)
    }
    return known ^ set(cases.rows)


def _strangers(cases: Cases) -> list[str]:
    invalid = {submit.email for submit in cases.evidence.submits if submit.manner == "invalid"}
    known = set(cases.order_of_email) - invalid
    return [row.request_id for row in cases.evidence.requests if row.email not in known]
