"""What was done once already, so that a repeat is answered and not done again."""

from datetime import datetime
from typing import ClassVar

from sqlalchemy import Index
from sqlalchemy.dialects.postgresql import JSONB

from services.tracker.models.table import Table
from shared.database.columns import bytes_column, column, moment_column, text_column


class ProcessedCommand(Table, table=True):
    """A command from Kafka that was carried out or refused.

    Its CloudEvents source and id make a repeat the same command.
    """

    __tablename__: ClassVar[str] = "processed_commands"
    __table_args__ = (Index(None, "processed_at"),)

    source: str = text_column(primary_key=True)
    command_id: str = text_column(primary_key=True)
    processed_at: datetime = moment_column()


class KeptAnswer(Table, table=True):
    """What a command with an `Idempotency-Key` was answered; written in the command's own transaction."""

    __tablename__: ClassVar[str] = "kept_answers"
    __table_args__ = (Index(None, "answered_at"),)

    caller: str = text_column(primary_key=True)
    key: str = text_column(primary_key=True)
    digest: bytes = bytes_column()
    status: int
    headers: dict[str, str] = column(JSONB)
    body: bytes = bytes_column()
    answered_at: datetime = moment_column()
