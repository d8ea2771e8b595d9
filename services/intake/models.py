"""Tables of intake: the spool of sealed records that wait for Kafka, empty while Kafka is there."""

from datetime import datetime
from typing import ClassVar
from uuid import UUID

from sqlalchemy import MetaData
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field, SQLModel

from shared.auth.ended_sessions import describe as describe_ended_sessions
from shared.database.columns import bytes_column, column, id_column, moment_column, text_column
from shared.drafts import describe as describe_drafts
from shared.limits.exchange import describe as describe_limit_counts
from shared.outbox.tables import describe

metadata = MetaData()


class Table(SQLModel):
    """The base of intake's tables, with a `MetaData` of their own."""

    metadata = metadata


class SpooledRecord(Table, table=True):
    """One record as it goes to Kafka.

    `body_digest` distinguishes a repeat from another body under the same key. A `refused` record stays here.
    """

    __tablename__: ClassVar[str] = "spool"

    id: int = id_column()
    request_id: UUID = Field(unique=True)
    body_digest: bytes = bytes_column(comment="Tells another body under a used key from a repeat")
    value: bytes = bytes_column(comment="The record's value as it goes to Kafka, personal data sealed")
    headers: list[list[str]] = column(JSONB, comment="[[name, text], …]")
    spooled_at: datetime = moment_column(server_default="now()")
    refused: str | None = text_column(nullable=True)  # why Kafka will never take it


describe(metadata)
describe_ended_sessions(metadata)
describe_drafts(metadata)
describe_limit_counts(metadata)
