"""The plain types that the rooms of notifier exchange.

A new delivery, a claimed one, a reply, and a result.
"""

from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from services.notifier.domain import Concern, ReplyClass


class NewDelivery(NamedTuple):
    """One row of the insert. With an `owner` it is that process's from the beginning, and no other claims it.

    `template` says what is owed for the event, in any channel: an event and a template make one delivery.
    """

    event_id: str
    channel: str
    request_id: UUID
    template: str
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
        """Return what the unique constraint of the table is about."""
        return self.event_id, self.template


class Added(NamedTuple):
    """A delivery that was not there yet, as it is in the table now."""

    id: int
    event_id: str
    template: str
    trying_since: datetime
    due_since: datetime

    @property
    def key(self) -> tuple[str, str]:
        """Return the same as `NewDelivery.key`."""
        return self.event_id, self.template


class Claimed(NamedTuple):
    """A delivery that this process sends now; `thread_id` is the `message_id` of the request's receipt."""

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
    """What one attempt led to.

    `retry_seconds` is the wait before the next attempt; `tell` is true if the result is published as an
    outcome.
    """

    id: int
    request_id: UUID
    state: str
    reply: ReplyClass
    last_reply: str
    retry_seconds: float | None
    tell: bool


class Reply(NamedTuple):
    """The answer to one attempt: its kind and codes (`550 5.1.1`), and what a refusal concerns.

    The kinds are those of SMTP in every channel: `2xx` was delivered, `4xx` and `connection` are tried again,
    all others have failed for good. `5xx` is a refusal of this delivery, never one that the server has own
    reasons for. `codes` never hold words of the other side, which may repeat an address.
    """

    kind: ReplyClass
    codes: str
    concern: Concern | None = None
