"""Checks that clients got the right answers: same id for the same key, invalid bodies refused.

Also that there was no error without a fault.
"""

from proof.chaos.audit.cases import Cases
from proof.chaos.audit.evidence import Submit
from proof.chaos.audit.explain import explains_conflict, explains_error
from proof.chaos.audit.finding import Finding, findings


def check_answers(cases: Cases) -> list[Finding]:
    """Find `never_sent`, `second_ids`, `invalid_accepted`, `valid_refused` and two more.

    These are `conflicts_not_told` and `errors_without_fault`.
    """
    evidence = cases.evidence
    ids = {
        order: {
            submit.request_id for submit in submits if submit.reply == "accepted" and submit.body == "first"
        }
        for order, submits in cases.submits.items()
    }
    return [
        *_never_sent(cases),
        *findings("second_ids", (f"order {order}" for order, given in ids.items() if len(given) > 1)),
        *findings(
            "invalid_accepted",
            (
                f"order {submit.order}"
                for submit in evidence.submits
                if submit.manner == "invalid" and submit.reply == "accepted"
            ),
        ),
        *findings(
            "valid_refused",
            (
                f"order {submit.order}: {submit.status}"
                for submit in evidence.submits
                if _wrongly_refused(submit)
            ),
        ),
        *_unexplained(cases),
    ]


def _unexplained(cases: Cases) -> list[Finding]:
    """Find conflicts that were not reported, and errors, that no fault explains."""
    evidence = cases.evidence
    accepted = sorted(
        (submit for submit in evidence.submits if submit.reply == "accepted"), key=lambda each: each.sent_at
    )
    return [
        *findings(
            "conflicts_not_told",
            (
                f"order {submit.order}"
                for submit in conflicts_not_told(cases)
                if not explains_conflict(submit, evidence.faults, accepted)
            ),
        ),
        *findings(
            "errors_without_fault",
            (
                f"order {each.order}: {each.status}"
                for each in evidence.submits
                if _failed(each) and not explains_error(each, evidence.faults, accepted)
            ),
        ),
    ]


def conflicts_not_told(cases: Cases) -> list[Submit]:
    """Return other bodies under a used key that were answered as accepted; the first body was kept."""
    return [
        submit for submit in cases.evidence.submits if submit.body == "other" and submit.reply == "accepted"
    ]


def failed_yet_registered(cases: Cases) -> list[int]:
    """Return orders that no client saw accepted but that are registered: allowed, once."""
    return sorted(
        order
        for order, submits in cases.submits.items()
        if order not in cases.accepted
        and any(cases.numbers.get(request) for request in cases.requests.get(order, ()))
        and submits
    )


def _never_sent(cases: Cases) -> list[Finding]:
    """Find a run in which nothing was sent: it would break no other promise."""
    evidence = cases.evidence
    silent = (("resolved", evidence.resolves), ("poison", evidence.poison)) if evidence.ordered else ()
    return [
        *findings(
            "never_sent",
            (
                f"order {order}"
                for order in sorted(set(range(evidence.ordered)) - cases.submits.keys() - evidence.no_page)
            ),
        ),
        *findings(
            "never_sent", (f"order {order}" for order in sorted(evidence.no_page)), "its form never opened"
        ),
        *(Finding("never_sent", what, "not one") for what, sent in silent if not sent),
    ]


def _wrongly_refused(submit: Submit) -> bool:
    return submit.reply == "refused" and submit.manner != "invalid" and submit.body == "first"


def _failed(submit: Submit) -> bool:
    return submit.reply in {"failed", "unknown"}
