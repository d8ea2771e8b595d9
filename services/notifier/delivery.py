"""What the rooms of notifier hand to one another: a mail to be sent, one that is claimed, the answer to an attempt, and its result."""

from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from services.notifier.domain import Concern, ReplyClass
from shared.events.vocabulary import Template


class NewDelivery(NamedTuple):
    """A mail to be sent: one row of the insert. With an `owner` it is that process's from the beginning, and nobody claims it."""

    event_id: str
    request_id: UUID
    template: Template
    language: str
    work_number: str
    service_title: str
    submitted_at: datetime
    due_at: datetime
    occurred_at: datetime
    message_id: str
    traceparent: str | None
    contents: bytes
    owner: int | None = None

    @property
    def key(self) -> tuple[str, str]:
        """Give what makes a mail the same mail."""
        return self.event_id, self.template


class Added(NamedTuple):
    """A mail that was not there yet, as it stands in the table."""

    id: int
    event_id: str
    template: str
    trying_since: datetime
    due_since: datetime

    @property
    def key(self) -> tuple[str, str]:
        """Give the same as `NewDelivery.key`."""
        return self.event_id, self.template


class Claimed(NamedTuple):
    """A mail that this process sends now; `thread_id` is the Message-ID of the request's receipt."""

    id: int
    request_id: UUID
    template: str
    language: str
    work_number: str
    service_title: str
    submitted_at: datetime
    due_at: datetime
    occurred_at: datetime
    message_id: str
    thread_id: str | None
    contents: bytes
    attempts: int
    trying_since: datetime
    due_since: datetime
    sending: int = 1


class Result(NamedTuple):
    """What became of one try; `retry_seconds` is the wait before the next one, `tell` whether the result is published."""

    id: int
    request_id: UUID
    state: str
    reply: ReplyClass
    last_reply: str
    retry_seconds: float | None
    tell: bool


class Reply(NamedTuple):
    """What became of a mail: class and codes (`550 5.1.1`) of the answer, and what it concerns if it is a refusal.

    `5xx` is a refusal for good: what the server refuses for its own reasons is never one.
    """

    kind: ReplyClass
    codes: str
    concern: Concern | None = None
