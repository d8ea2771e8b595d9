"""Checks that a repeated mail is identical, and that a kill or a cut connection explains it."""

from collections import Counter
from collections.abc import Iterator
from itertools import pairwise

from proof.chaos.audit.cases import Cases
from proof.chaos.audit.evidence import Mail
from proof.chaos.audit.explain import cause_of_repeat
from proof.chaos.audit.finding import Finding, findings


def check_repeats(cases: Cases) -> list[Finding]:
    """Find `unexplained_repeats`, `second_messages` and `second_deliveries`.

    `second_messages` have another Message-ID for the same mail.
    """
    found: list[Finding] = []
    for request, mails in _same_mails(cases):
        ids = {mail.message_id for mail in mails}
        # A returned mail is sent again under a new id; an earlier copy of it may still exist.
        if len(ids - cases.evidence.bounced) > 1:
            found.append(Finding("second_messages", request, ", ".join(sorted(ids))))
        for first, again in pairwise(mails):
            if cause_of_repeat(first, again, cases.evidence.faults, cases.evidence.unacknowledged) is None:
                found.append(
                    Finding("unexplained_repeats", request, f"{first.file} came again as {again.file}")
                )
    counted = Counter((row.event_id, row.template) for row in cases.evidence.deliveries)
    return found + findings(
        "second_deliveries",
        (event for (event, _), count in counted.items() if count > 1),
        "two rows for one mail",
    )


def causes_of_repeats(cases: Cases) -> Counter[str]:
    """Return how many repeats each kind of fault explains."""
    causes: Counter[str] = Counter()
    for _, mails in _same_mails(cases):
        for first, again in pairwise(mails):
            causes[
                cause_of_repeat(first, again, cases.evidence.faults, cases.evidence.unacknowledged)
                or "unexplained"
            ] += 1
    return causes


def _same_mails(cases: Cases) -> Iterator[tuple[str, list[Mail]]]:
    """Yield receipts and resolutions of each request that came more than once, oldest first."""
    for request in cases.mails:
        for mails in (cases.receipts(request), cases.resolutions(request)):
            if len(mails) > 1:
                yield request, sorted(mails, key=lambda mail: mail.at)
