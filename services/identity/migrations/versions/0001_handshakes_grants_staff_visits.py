"""Creates the tables: login attempts and handshakes, grants, staff, visits to the simulated banks."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

MOMENT = sa.TIMESTAMP(timezone=True)


def upgrade() -> None:
    op.execute(sa.schema.CreateSequence(sa.Sequence("bank_identification_numbers")))
    op.create_table(
        "attempts",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("browser", sa.LargeBinary, nullable=False),
        sa.Column("client_id", sa.Text, nullable=False),
        sa.Column("redirect_uri", sa.Text, nullable=False),
        sa.Column("scope", sa.Text, nullable=False),
        sa.Column("state", sa.Text),
        sa.Column("nonce", sa.Text),
        sa.Column("code_challenge", sa.Text, nullable=False),
        sa.Column("language", sa.Text, nullable=False),
        sa.Column("expires_at", MOMENT, nullable=False, index=True),
        sa.Column("ended_at", MOMENT),
    )
    op.create_table(
        "handshakes",
        sa.Column("stamp", sa.Text, primary_key=True),
        sa.Column(
            "attempt_id",
            sa.Uuid,
            sa.ForeignKey("attempts.id", ondelete="CASCADE"),
            nullable=False,
            index=True,
        ),
        sa.Column("bank", sa.Text, nullable=False),
        sa.Column("consumed_at", MOMENT),
    )
    op.create_table(
        "identifications",
        sa.Column("bank", sa.Text, primary_key=True),
        sa.Column("idnbr", sa.Text, primary_key=True),
        sa.Column("seen_at", MOMENT, nullable=False, index=True),
    )
    op.create_table(
        "grants",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("code_digest", sa.LargeBinary, nullable=False, unique=True),
        sa.Column("client_id", sa.Text, nullable=False),
        sa.Column("redirect_uri", sa.Text, nullable=False),
        sa.Column("code_challenge", sa.Text, nullable=False),
        sa.Column("nonce", sa.Text),
        sa.Column("scope", sa.Text, nullable=False),
        sa.Column("claims_sealed", sa.LargeBinary, nullable=False),
        sa.Column("code_expires_at", MOMENT, nullable=False),
        sa.Column("expires_at", MOMENT, nullable=False, index=True),
        sa.Column("redeemed_at", MOMENT),
        sa.Column("revoked_at", MOMENT),
    )
    op.create_table(
        "assertions",
        sa.Column("client_id", sa.Text, primary_key=True),
        sa.Column("jti", sa.Text, primary_key=True),
        sa.Column("expires_at", MOMENT, nullable=False, index=True),
    )
    op.create_table(
        "staff",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("username", sa.Text, nullable=False, unique=True),
        sa.Column("password_hash", sa.Text, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("roles", sa.ARRAY(sa.Text), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
    )
    op.create_table(
        "throttles",
        sa.Column("name_digest", sa.LargeBinary, primary_key=True),
        sa.Column("failures", sa.Integer, nullable=False),
        sa.Column("last_failed_at", MOMENT, nullable=False, index=True),
    )
    op.create_table(
        "bank_visits",
        sa.Column("id_digest", sa.LargeBinary, primary_key=True),
        sa.Column("bank", sa.Text, nullable=False),
        sa.Column("browser", sa.LargeBinary, nullable=False),
        sa.Column("request", sa.ARRAY(sa.Text), nullable=False),
        sa.Column("step", sa.Text, nullable=False),
        sa.Column("user_id", sa.Text),
        sa.Column("failures", sa.Integer, nullable=False),
        sa.Column("expires_at", MOMENT, nullable=False, index=True),
    )


def downgrade() -> None:
    for table in (
        "bank_visits",
        "throttles",
        "staff",
        "assertions",
        "grants",
        "identifications",
        "handshakes",
        "attempts",
    ):
        op.drop_table(table)
    op.execute(sa.schema.DropSequence(sa.Sequence("bank_identification_numbers")))
