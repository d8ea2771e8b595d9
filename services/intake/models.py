"""The spool: sealed records that wait for Kafka. It is empty while Kafka is there."""

from sqlalchemy import BigInteger, Column, DateTime, Identity, LargeBinary, MetaData, Table, Text, Uuid, func
from sqlalchemy.dialects.postgresql import JSONB

from shared.outbox.tables import describe

metadata = MetaData()

spool = Table(
    "spool",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("request_id", Uuid, nullable=False, unique=True),
    Column("body_digest", LargeBinary, nullable=False, comment="Tells another body under a used key from a repeat"),
    Column("value", LargeBinary, nullable=False, comment="The record's value as it goes to Kafka, personal data sealed"),
    Column("headers", JSONB, nullable=False, comment="[[name, text], …]"),
    Column("spooled_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
    Column("refused", Text, comment="Why Kafka will never take it; it stays here"),
)
describe(metadata)
