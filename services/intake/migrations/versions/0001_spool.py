"""The spool."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.create_table(
        "spool",
        sa.Column("id", sa.BigInteger, sa.Identity(always=True), primary_key=True),
        sa.Column("request_id", sa.Uuid, nullable=False, unique=True),
        sa.Column(
            "body_digest",
            sa.LargeBinary,
            nullable=False,
            comment="Tells another body under a used key from a repeat",
        ),
        sa.Column(
            "value",
            sa.LargeBinary,
            nullable=False,
            comment="The record's value as it goes to Kafka, personal data sealed",
        ),
        sa.Column("headers", JSONB, nullable=False, comment="[[name, text], …]"),
        sa.Column("spooled_at", sa.DateTime(timezone=True), nullable=False, server_default=sa.func.now()),
    )


def downgrade() -> None:
    op.drop_table("spool")
