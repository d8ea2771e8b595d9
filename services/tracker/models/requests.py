"""Tables of requests and their history.

`history` is also the outbox: an entry's `value` holds the record's bytes until Kafka has acknowledged them.
"""

from datetime import datetime
from typing import Any, ClassVar
from uuid import UUID

from sqlalchemy import Index, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field

from services.tracker.domain import Action, in_sql
from services.tracker.models.table import Table
from shared.database.columns import bytes_column, column, id_column, moment_column, text_column
from shared.events.vocabulary import FINISHED, OPEN, Actor, State

REMOVAL_DUE = "timezone('UTC', changed_at) + make_interval(days => retention_days)"
"""From when on a closed request's contents are removed, in UTC; an open one has no such time.

The last step is the one that closed it.
"""
REMOVABLE = f"erased_at is null and state in ({in_sql(FINISHED)})"


class TrackedRequest(Table, table=True):
    """A request in its present state.

    Names are in clear for the handlers; henkilötunnus and answers are encrypted (`at_rest.py`).

    `answers` holds those that the version before wrote, until `encrypt_contents.py` has encrypted them.

    After `erased_at` nothing is left of what the citizen wrote: texts and indexes are empty.

    """

    __tablename__: ClassVar[str] = "requests"
    __table_args__ = (
        Index(None, "submitted_at", "request_id"),
        Index(None, "state", "queue", "submitted_at", "request_id"),
        Index(None, "due_at", "request_id", postgresql_where=text(f"state in ({in_sql(OPEN)})")),
        Index(None, "closed_at", postgresql_where=text("state = 'closed'")),
        Index(None, "resolved_at", postgresql_where=text("resolved_at is not null")),
        Index(None, "email_index"),
        Index(None, "personal_code_index", postgresql_where=text("personal_code_index is not null")),
        Index(None, "service", "submitted_at", "request_id"),
        Index(
            None, "name_key", "submitted_at", "request_id", postgresql_ops={"name_key": "text_pattern_ops"}
        ),
        Index("requests_name_words", text("string_to_array(name_key, ' ')"), postgresql_using="gin"),
        Index("requests_in_clear", "request_id", postgresql_where=text("answers <> '[]'")),
        Index(
            "requests_erased_in_box",
            "request_id",
            postgresql_where=text("erased_at is not null and answers_box is not null"),
        ),
        Index("requests_removable", text(f"({REMOVAL_DUE})"), postgresql_where=text(REMOVABLE)),
    )

    request_id: UUID = Field(primary_key=True)
    work_number: str = text_column(unique=True)
    service: str = text_column()
    service_title: str = text_column()
    service_title_fi: str = text_column()
    role: str = text_column()
    language: str = text_column()
    authentication: str = text_column()
    channel: str = text_column()
    queue: str = text_column()
    state: State = text_column()
    assignee: str | None = text_column(nullable=True)
    submitted_at: datetime = moment_column()
    registered_at: datetime = moment_column()
    due_at: datetime = moment_column()
    changed_at: datetime = moment_column()
    resolved_at: datetime | None = moment_column(nullable=True)
    closed_at: datetime | None = moment_column(nullable=True)
    retention_days: int
    body_digest: str = text_column()
    sealed_contact: str = text_column()
    first_name: str = text_column()
    last_name: str = text_column()
    phone: str = text_column()
    email: str = text_column()
    business_id: str | None = text_column(nullable=True)
    name_key: str = text_column()
    email_index: bytes = bytes_column()
    personal_code: bytes | None = bytes_column(nullable=True)
    personal_code_index: bytes | None = bytes_column(nullable=True)
    answers: list[dict[str, Any]] = column(JSONB, server_default="'[]'")
    answers_box: bytes | None = bytes_column(nullable=True)
    erased_at: datetime | None = moment_column(nullable=True)


class HistoryEntry(Table, table=True):
    """What happened to a request, in the order of `id`.

    Entries that nobody outside needs have no `value` from the start.

    `action` and `state` are given if the entry set the request's state, `text_box` (in clear before, `text`)
    is what the citizen was told, `details` are for operators. `refused` says why Kafka will never take it.
    """

    __tablename__: ClassVar[str] = "history"
    __table_args__ = (
        Index("history_unpublished", "id", unique=True, postgresql_where=text("value is not null")),
        Index("history_in_clear", "id", postgresql_where=text("text is not null")),
        Index("history_texts", "id", postgresql_where=text("text_box is not null")),
    )

    request_id: UUID = Field(primary_key=True)
    id: int = id_column()
    event_id: UUID
    type: str = text_column()
    occurred_at: datetime = moment_column()
    actor_kind: Actor = text_column()
    actor: str | None = text_column(nullable=True)
    action: Action | None = text_column(nullable=True)
    state: State | None = text_column(nullable=True)
    text: str | None = text_column(nullable=True)
    text_box: bytes | None = bytes_column(nullable=True)
    details: dict[str, Any] | None = column(JSONB(none_as_null=True), nullable=True)
    traceparent: str | None = text_column(nullable=True)
    value: bytes | None = bytes_column(nullable=True)
    published_at: datetime | None = moment_column(nullable=True)
    refused: str | None = text_column(nullable=True)
