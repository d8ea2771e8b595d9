"""What became of the mails about requests, and those that are still owed."""

from datetime import datetime
from typing import ClassVar
from uuid import UUID

from sqlalchemy import Index, text
from sqlmodel import Field

from services.tracker.models.table import Table
from shared.database.columns import moment_column, text_column
from shared.events.vocabulary import Template


class MailOutcomeEntry(Table, table=True):
    """What became of a mail about a request, as notifier reported it."""

    __tablename__: ClassVar[str] = "mail_outcomes"

    request_id: UUID = Field(primary_key=True)
    event_id: str = text_column(primary_key=True)
    type: str = text_column()
    occurred_at: datetime = moment_column()
    cause_id: str = text_column()
    template: str = text_column()
    message_id: str = text_column()
    attempt: int
    reply: str | None = text_column(nullable=True)
    codes: str | None = text_column(nullable=True)
    retry_at: datetime | None = moment_column(nullable=True)
    sending: int = Field(default=1, sa_column_kwargs={"server_default": text("1")})
    bounce: str | None = text_column(nullable=True)
    status: str | None = text_column(nullable=True)


class OwedMail(Table, table=True):
    """A mail that an entry of the history owes the citizen, until notifier reports that it was sent.

    `failed_at` says that it will not go by itself, `failure` why (the mail server's codes, or a word);
    `settled_at` that an operator has dealt with that in another way. One that came back (`returned_at`) is
    owed again though it had gone, and is for a person to deal with; `sending` is the last one that is known
    of.
    """

    __tablename__: ClassVar[str] = "owed_mails"
    __table_args__ = (
        Index("owed_mails_waiting", "since", postgresql_where=text("failed_at is null")),
        Index("owed_mails_failed", "failed_at", postgresql_where=text("failed_at is not null")),
        Index(
            "owed_mails_unsettled",
            "failed_at",
            "event_id",
            postgresql_where=text("failed_at is not null and returned_at is null and settled_at is null"),
        ),
        Index(
            "owed_mails_returned",
            "returned_at",
            "event_id",
            postgresql_where=text("returned_at is not null and settled_at is null"),
        ),
    )

    event_id: str = text_column(primary_key=True)
    request_id: UUID
    template: Template = text_column()
    since: datetime = moment_column()
    failed_at: datetime | None = moment_column(nullable=True)
    failure: str | None = text_column(nullable=True)
    settled_at: datetime | None = moment_column(nullable=True)
    settled_by: str | None = text_column(nullable=True)
    settled_note: str | None = text_column(nullable=True)
    sending: int = Field(default=1, sa_column_kwargs={"server_default": text("1")})
    returned_at: datetime | None = moment_column(nullable=True)
    returned_message_id: str | None = text_column(nullable=True)
    return_status: str | None = text_column(nullable=True)
