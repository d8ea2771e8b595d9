"""Who was shown which requests."""

from datetime import datetime
from typing import ClassVar
from uuid import UUID

from sqlalchemy import Index, Uuid, text
from sqlalchemy.dialects.postgresql import ARRAY

from services.tracker.models.table import Table
from shared.database.columns import bigint_column, bytes_column, column, id_column, moment_column, text_column
from shared.events.vocabulary import Actor


class Read(Table, table=True):
    """Somebody was shown requests; written in the read's own transaction.

    `mac` covers the other columns; `position` and `link` are given to it soon after, when it is joined to the
    chain (`chain_reads.py`). `words` is a keyed hash of what was searched for.
    """

    __tablename__: ClassVar[str] = "reads"
    __table_args__ = (
        Index("reads_position", "position", unique=True, postgresql_where=text("position is not null")),
        Index("reads_unchained", "id", postgresql_where=text("position is null")),
        Index("reads_request_ids", "request_ids", postgresql_using="gin"),
        Index(None, "reader", "id"),
        Index(None, "read_at"),
    )

    id: int = id_column()
    read_at: datetime = moment_column()
    reader_kind: Actor = text_column()
    reader: str = text_column()
    purpose: str = text_column()
    reason: str | None = text_column(nullable=True)
    request_ids: list[UUID] = column(ARRAY(Uuid))
    words: bytes | None = bytes_column(nullable=True)
    mac: bytes = bytes_column()
    position: int | None = bigint_column(nullable=True)
    link: bytes | None = bytes_column(nullable=True)
