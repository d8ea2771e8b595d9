"""Notifier's tables: one row per delivery, outcomes that are not published yet, reports about mails."""

from datetime import datetime
from typing import ClassVar
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, MetaData, UniqueConstraint, text
from sqlmodel import SQLModel

from services.notifier.delivery_states import DELIVERY_STATES, DeliveryState, from_any, in_sql
from shared.database.columns import bigint_column, bytes_column, id_column, moment_column, text_column
from shared.events.vocabulary import Language, Template
from shared.outbox.tables import describe

metadata = MetaData()


class Table(SQLModel):
    """The base of notifier's tables: they share one `MetaData` of their own."""

    metadata = metadata


class Delivery(Table, table=True):
    """One delivery for one event: a mail, or what another channel sends.

    `channel` says which channel delivers it, `template` what is owed for the event (unique over all
    channels). `owner` is the process that sends it now. `next_attempt_at` is null while an earlier one of the
    same request and channel is still open. `contents` are the encrypted personal parts; once it is sent they
    move to `sent_contents`. `last_reply` holds codes only, because a server's words may repeat the address.
    `trying_since` begins anew when an operator has it tried again. `sending` counts deliberate repetitions,
    each with a `message_id` of its own; `returned_at` and `return_status` say that the present one came back.
    `settled_by` closed it without a delivery.
    """

    __tablename__: ClassVar[str] = "deliveries"
    __table_args__ = (
        UniqueConstraint("event_id", "template", name="deliveries_event"),
        CheckConstraint(f"state in ({in_sql(DELIVERY_STATES)})", name="deliveries_state"),
        Index("deliveries_request", "request_id", "id"),
        Index("deliveries_due", "channel", "next_attempt_at", "id", postgresql_where=text(from_any("claim"))),
        Index("deliveries_sending", "owner", postgresql_where=text("state = 'sending'")),
        Index(
            "deliveries_held",
            "request_id",
            "id",
            postgresql_where=text("state = 'pending' and next_attempt_at is null"),
        ),
        Index("deliveries_failed", "id", postgresql_where=text("state = 'failed'")),
    )

    id: int = id_column()
    event_id: str = text_column()
    request_id: UUID
    template: Template = text_column()
    language: Language = text_column()
    work_number: str = text_column()
    service_title: str = text_column()
    submitted_at: datetime = moment_column()
    due_at: datetime = moment_column()
    occurred_at: datetime = moment_column()
    message_id: str = text_column()
    traceparent: str | None = text_column(nullable=True)
    contents: bytes | None = bytes_column(nullable=True)
    state: DeliveryState = text_column(server_default="'pending'")
    attempts: int = bigint_column(server_default="0")
    next_attempt_at: datetime | None = moment_column(nullable=True, server_default="now()")
    owner: int | None = bigint_column(nullable=True)
    last_reply: str | None = text_column(nullable=True)
    created_at: datetime = moment_column(server_default="now()")
    trying_since: datetime = moment_column(server_default="now()")
    finished_at: datetime | None = moment_column(nullable=True)
    sending: int = bigint_column(server_default="1")
    returned_at: datetime | None = moment_column(nullable=True)
    return_status: str | None = text_column(nullable=True)
    channel: str = text_column(server_default="'mail'")
    settled_by: str | None = text_column(nullable=True)
    settled_note: str | None = text_column(nullable=True)


class CanaryMail(Table, table=True):
    """The event of a mail for the canary request."""

    __tablename__: ClassVar[str] = "canary_mails"

    event_id: str = text_column(primary_key=True)
    added_at: datetime = moment_column(server_default="now()")


class SentContents(Table, table=True):
    """The encrypted contents of a mail that was sent, for as long as it may be sent again."""

    __tablename__: ClassVar[str] = "sent_contents"
    __table_args__ = (Index("sent_contents_sent_at", "sent_at"),)

    delivery_id: int = bigint_column(primary_key=True)
    contents: bytes = bytes_column()
    sent_at: datetime = moment_column(server_default="now()")


class ReceivedReport(Table, table=True):
    """A mail that came to a return path, known by the digest of its bytes.

    `mail` (encrypted) stays only where a person has to read it.
    """

    __tablename__: ClassVar[str] = "reports"
    __table_args__ = (
        Index("reports_delivery", "delivery_id", "sending", postgresql_where=text("delivery_id is not null")),
        Index(
            "reports_unclear", "received_at", postgresql_where=text("mail is not null or delivery_id is null")
        ),
    )

    digest: bytes = bytes_column(primary_key=True)
    received_at: datetime = moment_column(server_default="now()")
    verdict: str = text_column()
    status: str | None = text_column(nullable=True)
    delivery_id: int | None = bigint_column(nullable=True)
    sending: int | None = bigint_column(nullable=True)
    mail: bytes | None = bytes_column(nullable=True)


class MailboxPosition(Table, table=True):
    """How far a mailbox has been read for reports.

    Numbers (UID) are comparable only under one `uid_validity`.
    """

    __tablename__: ClassVar[str] = "mailbox_positions"

    mailbox: str = text_column(primary_key=True)
    uid_validity: int = bigint_column()
    last_uid: int = bigint_column()


class Outcome(Table, table=True):
    """An outcome that waits to be published; the row is deleted after the broker's ack.

    Its id is the order; `refused` says why it can never be published.
    """

    __tablename__: ClassVar[str] = "outcomes"

    id: int = id_column()
    request_id: UUID
    event_id: str = text_column()
    template: Template = text_column()
    message_id: str = text_column()
    traceparent: str | None = text_column(nullable=True)
    state: str = text_column()
    attempt: int = bigint_column()
    reply: str = text_column()
    codes: str | None = text_column(nullable=True)
    occurred_at: datetime = moment_column(server_default="now()")
    retry_at: datetime | None = moment_column(nullable=True)
    sending: int = bigint_column(server_default="1")
    bounce: str | None = text_column(nullable=True)
    status: str | None = text_column(nullable=True)
    diagnostic: str | None = text_column(nullable=True)
    refused: str | None = text_column(nullable=True)
    channel: str = text_column(server_default="'mail'")


class ReportRead(Table, table=True):
    """Who was shown the text of a report.

    Written in the read's own transaction, and kept, as tracker keeps its reads.
    """

    __tablename__: ClassVar[str] = "report_reads"
    __table_args__ = (Index("report_reads_digest", "digest"),)

    id: int = id_column()
    read_at: datetime = moment_column(server_default="now()")
    reader_kind: str = text_column()
    reader: str = text_column()
    digest: bytes = bytes_column()
    delivery_id: int | None = bigint_column(nullable=True)


describe(metadata)
