"""The data classes of the evidence. Times are seconds since 1970; ids are text."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Submit:
    """One attempt to send an order, from a journal.

    `reply` is `accepted`, `refused`, `failed` or `unknown`.
    """

    order: int
    body: str
    email: str
    language: str
    way: str
    manner: str
    reply: str
    status: int | None
    request_id: str | None
    sent_at: float
    answered_at: float


@dataclass(frozen=True)
class Resolve:
    """One attempt to resolve a request, from a journal."""

    request_id: str
    way: str
    text: str
    reply: str
    status: int | None
    sent_at: float
    answered_at: float


@dataclass(frozen=True)
class Poison:
    """One record written directly to a topic, from a journal.

    With its place (partition, offset) if no client can read it.
    """

    key: str
    topic: str
    reply: str
    place: tuple[int, int] | None = None


@dataclass(frozen=True)
class Login:
    """One attempt of staff to log in, from a journal; `status` is 0 without an answer."""

    status: int
    sent_at: float
    answered_at: float


@dataclass(frozen=True)
class Fault:
    """One injected fault; `hit` is false for a crash point that was not reached."""

    kind: str
    target: str
    started_at: float
    ended_at: float
    hit: bool = True


@dataclass(frozen=True)
class Record:
    """One record of a topic; `type` and `id` are the CloudEvents ones.

    `data` is empty if the value is not a JSON object.
    """

    topic: str
    partition: int
    offset: int
    at: float
    key: str
    type: str = ""
    id: str = ""
    data: Mapping[str, Any] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class RequestRow:
    """A request in tracker's database."""

    request_id: str
    work_number: str
    language: str
    email: str
    state: str


@dataclass(frozen=True)
class HistoryRow:
    """An entry of tracker's history; `owed` is true if it is or must be published."""

    request_id: str
    id: int
    event_id: str
    type: str
    text: str | None
    owed: bool


@dataclass(frozen=True)
class DeliveryRow:
    """A mail in notifier's database."""

    request_id: str
    event_id: str
    template: str
    message_id: str
    state: str


@dataclass(frozen=True)
class DeadLetterRow:
    """A dead letter in tracker's database, by its origin."""

    topic: str
    partition: int
    offset: int
    group: str


@dataclass(frozen=True)
class AlarmRow:
    """An alarm in tracker's database; `ended_at` is `None` while it lasts."""

    reason: str
    place: str
    began_at: float
    ended_at: float | None


@dataclass(frozen=True)
class Mail:
    """A mail that the mail server kept; `words` is the language of its text, `numbers` its work numbers."""

    at: float
    file: str
    to: str
    message_id: str
    language: str
    words: str
    numbers: frozenset[str]
    text: str


@dataclass(frozen=True)
class Evidence:
    """All evidence of a run.

    `unacknowledged` are mails that were kept although the sender got no confirmation, `bounced` the
    Message-IDs of those that came back. `ledger` is tracker's own count. `ordered` is how many orders the run
    was to send, `no_page` those whose form never opened.
    """

    submits: Sequence[Submit] = ()
    resolves: Sequence[Resolve] = ()
    poison: Sequence[Poison] = ()
    logins: Sequence[Login] = ()
    faults: Sequence[Fault] = ()
    records: Sequence[Record] = ()
    requests: Sequence[RequestRow] = ()
    history: Sequence[HistoryRow] = ()
    deliveries: Sequence[DeliveryRow] = ()
    dead_letters: Sequence[DeadLetterRow] = ()
    alarms: Sequence[AlarmRow] = ()
    mails: Sequence[Mail] = ()
    unacknowledged: frozenset[str] = frozenset()
    bounced: frozenset[str] = frozenset()
    spooled: int = 0
    ordered: int = 0
    no_page: frozenset[int] = frozenset()
    ledger: Mapping[str, Any] | None = None
