"""Notifier's tables: one row per mail, and the outcomes that are not published yet."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, Identity, Index, LargeBinary, MetaData, Text, UniqueConstraint, func, text
from sqlalchemy.dialects.postgresql import TIMESTAMP
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

metadata = MetaData()


class Table(DeclarativeBase):
    """One row of a table of this service."""

    metadata = metadata
    type_annotation_map = {datetime: TIMESTAMP(timezone=True), bytes: LargeBinary(), str: Text(), int: BigInteger()}  # noqa: RUF012  as SQLAlchemy declares it


class Delivery(Table):
    """One mail about one event.

    `owner` is the process that sends it now. `next_attempt_at` is null while an earlier mail of the same request is still open. `contents` are the
    encrypted personal parts; they go when the mail is sent. `last_reply` holds codes only, because a server's words may repeat the address.
    `trying_since` begins anew with an operator's retry.
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


class Outcome(Table):
    """An outcome that waits to be published; the row goes after the broker's ack. Its id is the order."""

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
    occurred_at: Mapped[datetime] = mapped_column(server_default=func.now())
    retry_at: Mapped[datetime | None]
