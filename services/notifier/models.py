"""Notifier's tables: one row per mail, the outcomes that are not published yet, and what came back."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, Identity, Index, LargeBinary, MetaData, Text, UniqueConstraint, func, text
from sqlalchemy.dialects.postgresql import TIMESTAMP
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from shared.outbox.tables import describe

metadata = MetaData()


class Table(DeclarativeBase):
    """One row of a table of this service."""

    metadata = metadata
    type_annotation_map = {datetime: TIMESTAMP(timezone=True), bytes: LargeBinary(), str: Text(), int: BigInteger()}  # noqa: RUF012  as SQLAlchemy declares it


class Delivery(Table):
    """One mail about one event.

    `owner` is the process that sends it now. `next_attempt_at` is null while an earlier mail of the same request is still open. `contents` are the
    encrypted personal parts; when the mail is sent they move to `sent_contents`. `last_reply` holds codes only, because a server's words may repeat
    the address.
    `trying_since` begins anew with an operator's retry. `sending` counts deliberate repetitions, each with a Message-ID of its own; `returned_at` and
    `return_status` say that the present one came back.
    """

    __tablename__ = "deliveries"
    __table_args__ = (
        UniqueConstraint("event_id", "template", name="deliveries_event"),
        CheckConstraint("state in ('pending', 'sending', 'sent', 'deferred', 'failed')", name="deliveries_state"),
        Index("deliveries_request", "request_id", "id"),
        Index("deliveries_due", "next_attempt_at", "id", postgresql_where=text("state in ('pending', 'deferred')")),
        Index("deliveries_sending", "owner", postgresql_where=text("state = 'sending'")),
        Index("deliveries_held", "request_id", "id", postgresql_where=text("state = 'pending' and next_attempt_at is null")),
        Index("deliveries_failed", "id", postgresql_where=text("state = 'failed'")),
    )

    id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    event_id: Mapped[str]
    request_id: Mapped[UUID]
    template: Mapped[str]
    language: Mapped[str]
    work_number: Mapped[str]
    service_title: Mapped[str]
    submitted_at: Mapped[datetime]
    due_at: Mapped[datetime]
    occurred_at: Mapped[datetime]
    message_id: Mapped[str]
    traceparent: Mapped[str | None]
    contents: Mapped[bytes | None]
    state: Mapped[str] = mapped_column(server_default="pending")
    attempts: Mapped[int] = mapped_column(server_default="0")
    next_attempt_at: Mapped[datetime | None] = mapped_column(server_default=func.now())
    owner: Mapped[int | None]
    last_reply: Mapped[str | None]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    trying_since: Mapped[datetime] = mapped_column(server_default=func.now())
    finished_at: Mapped[datetime | None]
    sending: Mapped[int] = mapped_column(server_default="1")
    returned_at: Mapped[datetime | None]
    return_status: Mapped[str | None]


class CanaryMail(Table):
    """The event of a mail that is a canary's."""

    __tablename__ = "canary_mails"

    event_id: Mapped[str] = mapped_column(primary_key=True)
    added_at: Mapped[datetime] = mapped_column(server_default=func.now())


class SentContents(Table):
    """The encrypted contents of a mail that was sent, for as long as it may be sent again."""

    __tablename__ = "sent_contents"
    __table_args__ = (Index("sent_contents_sent_at", "sent_at"),)

    delivery_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    contents: Mapped[bytes]
    sent_at: Mapped[datetime] = mapped_column(server_default=func.now())


class ReceivedReport(Table):
    """A mail that came to a return path, known by the digest of its bytes; `mail` (encrypted) stays only where a person has to read it."""

    __tablename__ = "reports"
    __table_args__ = (
        Index("reports_delivery", "delivery_id", "sending", postgresql_where=text("delivery_id is not null")),
        Index("reports_unclear", "received_at", postgresql_where=text("mail is not null or delivery_id is null")),
    )

    digest: Mapped[bytes] = mapped_column(primary_key=True)
    received_at: Mapped[datetime] = mapped_column(server_default=func.now())
    verdict: Mapped[str]
    status: Mapped[str | None]
    delivery_id: Mapped[int | None]
    sending: Mapped[int | None]
    mail: Mapped[bytes | None]


class MailboxPosition(Table):
    """How far a mailbox has been read for reports; its numbers (UID) mean something only under one `uid_validity`."""

    __tablename__ = "mailbox_positions"

    mailbox: Mapped[str] = mapped_column(primary_key=True)
    uid_validity: Mapped[int]
    last_uid: Mapped[int]


class Outcome(Table):
    """An outcome that waits to be published; the row goes after the broker's ack. Its id is the order; `refused` says why it can never be sent."""

    __tablename__ = "outcomes"

    id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    request_id: Mapped[UUID]
    event_id: Mapped[str]
    template: Mapped[str]
    message_id: Mapped[str]
    traceparent: Mapped[str | None]
    state: Mapped[str]
    attempt: Mapped[int]
    reply: Mapped[str]
    codes: Mapped[str | None]
    occurred_at: Mapped[datetime] = mapped_column(server_default=func.now())
    retry_at: Mapped[datetime | None]
    sending: Mapped[int] = mapped_column(server_default="1")
    bounce: Mapped[str | None]
    status: Mapped[str | None]
    diagnostic: Mapped[str | None]
    refused: Mapped[str | None]


describe(metadata)
