"""How far the topics of Kafka have been read, and which of their records could not be taken."""

from datetime import datetime
from typing import ClassVar
from uuid import UUID

from sqlalchemy import Index, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field

from services.tracker.models.table import Table
from shared.database.columns import (
    bigint_column,
    bytes_column,
    column,
    id_column,
    integer_column,
    moment_column,
    text_column,
)


class ReadPosition(Table, table=True):
    """How far a reader has come in a partition, written in the transaction of what it read."""

    __tablename__: ClassVar[str] = "read_positions"

    reader: str = text_column(primary_key=True)
    topic: str = text_column(primary_key=True)
    partition: int = integer_column(primary_key=True)
    next_offset: int = bigint_column()


class UnsignedBefore(Table, table=True):
    """The offset of a partition of `requests.submitted` up to which records need no MAC of intake.

    Recorded at the upgrade.
    """

    __tablename__: ClassVar[str] = "unsigned_before"

    partition: int = integer_column(primary_key=True)
    next_offset: int = bigint_column()


class SkippedRecords(Table, table=True):
    """Records from `first_offset` to before `next_offset` that a reader was never given.

    `settled_at` when an operator had them sent again.

    `looked_up` says whether the log was asked if any record lies there.

    """

    __tablename__: ClassVar[str] = "skipped_records"
    __table_args__ = (Index("skipped_records_waiting", "id", postgresql_where=text("settled_at is null")),)

    id: int = id_column()
    reader: str = text_column()
    topic: str = text_column()
    partition: int
    first_offset: int = bigint_column()
    next_offset: int = bigint_column()
    noticed_at: datetime = moment_column()
    settled_at: datetime | None = moment_column(nullable=True)
    settled_by: str | None = text_column(nullable=True)
    note: str | None = text_column(nullable=True)
    looked_up: bool = Field(default=True, sa_column_kwargs={"server_default": text("true")})


DEAD_LETTER_WAITS = (
    "redriven_at is null and (dismissed_at is null or (accepted and note is null and registered_at is null))"
)
"""Of those that wait for an operator: an accepted request that was laid aside without a word does."""


class DeadLetter(Table, table=True):
    """A record that could never succeed, as it came.

    One that was put aside twice (a crash before the offset's commit) is here once.

    One that intake sent is an `accepted` request: until that is registered, or `note` says what its citizen
    was told, it stays overdue. After `emptied_at` nothing is left of the record but where it was and its
    request's id.
    """

    __tablename__: ClassVar[str] = "dead_letters"
    __table_args__ = (
        Index(
            "dead_letters_origin",
            "origin_topic",
            "origin_partition",
            "origin_offset",
            "origin_group",
            "digest",
            unique=True,
        ),
        Index("dead_letters_waiting", "id", postgresql_where=text(DEAD_LETTER_WAITS)),
        Index(
            "dead_letters_accepted", "request_id", postgresql_where=text("accepted and registered_at is null")
        ),
        Index("dead_letters_kept", "buried_at", postgresql_where=text("emptied_at is null")),
        Index("dead_letters_kept_of", "request_id", postgresql_where=text("emptied_at is null")),
    )

    id: int = id_column()
    origin_topic: str = text_column()
    origin_partition: int
    origin_offset: int = bigint_column()
    origin_group: str = text_column()
    digest: bytes = bytes_column()
    reason: str = text_column()
    detail: str = text_column()
    buried_at: datetime = moment_column()
    key: bytes | None = bytes_column(nullable=True)
    value: bytes | None = bytes_column(nullable=True)
    headers: list[list[str | None]] = column(JSONB)
    redriven_at: datetime | None = moment_column(nullable=True)
    redriven_by: str | None = text_column(nullable=True)
    dismissed_at: datetime | None = moment_column(nullable=True)
    dismissed_by: str | None = text_column(nullable=True)
    accepted: bool = Field(default=False, sa_column_kwargs={"server_default": text("false")})
    request_id: UUID | None = None
    registered_at: datetime | None = moment_column(nullable=True)
    note: str | None = text_column(nullable=True)
    emptied_at: datetime | None = moment_column(nullable=True)
