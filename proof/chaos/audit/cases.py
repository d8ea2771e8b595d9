"""Indexes the evidence of a run by order and by request."""

from collections import defaultdict
from collections.abc import Iterable
from functools import cached_property

from proof.chaos.audit.evidence import Evidence, Mail, Record, RequestRow, Submit

REGISTERED, RESOLVED = "request.registered.v1", "request.resolved.v1"
LIFECYCLE = "requests.lifecycle"


class Cases:
    """The evidence, indexed; everything is computed once, when it is first used."""

    def __init__(self, evidence: Evidence) -> None:
        self.evidence = evidence

    @cached_property
    def submits(self) -> dict[int, list[Submit]]:
        """Attempts by order, in the order in which the answers came."""
        found: dict[int, list[Submit]] = defaultdict(list)
        for submit in sorted(self.evidence.submits, key=lambda each: each.answered_at):
            found[submit.order].append(submit)
        return found

    @cached_property
    def order_of_email(self) -> dict[str, int]:
        """The order of each e-mail address."""
        return {submit.email: submit.order for submit in self.evidence.submits}

    @cached_property
    def language(self) -> dict[int, str]:
        """The language of each order."""
        return {submit.order: submit.language for submit in self.evidence.submits}

    @cached_property
    def accepted(self) -> set[int]:
        """Orders for which a client got at least one answer that they are accepted."""
        return {submit.order for submit in self.evidence.submits if submit.reply == "accepted"}

    @cached_property
    def rows(self) -> dict[str, RequestRow]:
        """Requests by id."""
        return {row.request_id: row for row in self.evidence.requests}

    @cached_property
    def requests(self) -> dict[int, set[str]]:
        """Request ids by order: those in answers, and those with the order's address."""
        found: dict[int, set[str]] = defaultdict(set)
        for submit in self.evidence.submits:
            if submit.reply == "accepted" and submit.request_id:
                found[submit.order].add(submit.request_id)
        for row in self.evidence.requests:
            if row.email in self.order_of_email:
                found[self.order_of_email[row.email]].add(row.request_id)
        return found

    @cached_property
    def lifecycle(self) -> dict[str, list[Record]]:
        """Events of each request, each event once, in the order of the topic."""
        found: dict[str, dict[str, Record]] = defaultdict(dict)
        for record in _of(self.evidence.records, LIFECYCLE):
            if record.key and record.key == record.data.get("request_id"):
                found[str(record.data["request_id"])].setdefault(record.id, record)
        return {request: list(events.values()) for request, events in found.items()}

    @cached_property
    def numbers(self) -> dict[str, set[str]]:
        """Every work number of a request, from all sources."""
        found: dict[str, set[str]] = defaultdict(set)
        for row in self.evidence.requests:
            found[row.request_id].add(row.work_number)
        for request, events in self.lifecycle.items():
            found[request] |= {
                str(event.data["work_number"]) for event in events if event.data.get("work_number")
            }
        return found

    @cached_property
    def texts(self) -> dict[str, set[str]]:
        """The texts that the back office tried to send, by request."""
        found: dict[str, set[str]] = defaultdict(set)
        for resolve in self.evidence.resolves:
            found[resolve.request_id].add(resolve.text)
        return found

    @cached_property
    def mails(self) -> dict[str, list[Mail]]:
        """Mails by request, found by the address, which only one order has."""
        by_order: dict[int, list[Mail]] = defaultdict(list)
        for mail in self.evidence.mails:
            if mail.to in self.order_of_email:
                by_order[self.order_of_email[mail.to]].append(mail)
        return {request: by_order[order] for order, requests in self.requests.items() for request in requests}

    def is_resolution(self, request: str, mail: Mail) -> bool:
        """True if a mail is the resolution: it contains a text of the back office."""
        return any(same_text(text, mail.text) for text in self.texts.get(request, ()))

    def receipts(self, request: str) -> list[Mail]:
        """Return the mails of a request that are not the resolution."""
        return [mail for mail in self.mails.get(request, ()) if not self.is_resolution(request, mail)]

    def resolutions(self, request: str) -> list[Mail]:
        """Return the mails of a request that are the resolution."""
        return [mail for mail in self.mails.get(request, ()) if self.is_resolution(request, mail)]


def same_text(text: str, mail: str) -> bool:
    """True if a mail contains every line of a text."""
    return all(line.strip() in mail for line in text.splitlines() if line.strip())


def _of(records: Iterable[Record], topic: str) -> list[Record]:
    return sorted(
        (record for record in records if record.topic == topic),
        key=lambda record: (record.partition, record.offset),
    )
