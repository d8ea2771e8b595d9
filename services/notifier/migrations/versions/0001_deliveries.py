"""Deliveries and the outcomes that are not published yet."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "deliveries",
        sa.Column("id", sa.BigInteger, sa.Identity(always=True), primary_key=True),
        sa.Column("event_id", sa.Text, nullable=False),
        sa.Column("request_id", sa.Uuid, nullable=False),
        sa.Column("template", sa.Text, nullable=False),
        sa.Column("language", sa.Text, nullable=False),
        sa.Column("work_number", sa.Text, nullable=False),
        sa.Column("service_title", sa.Text, nullable=False),
        sa.Column("submitted_at", MOMENT, nullable=False),
        sa.Column("due_at", MOMENT, nullable=False),
        sa.Column("occurred_at", MOMENT, nullable=False),
        sa.Column("message_id", sa.Text, nullable=False),
        sa.Column("traceparent", sa.Text),
        sa.Column("contents", sa.LargeBinary),
        sa.Column("state", sa.Text, nullable=False, server_default="pending"),
        sa.Column("attempts", sa.BigInteger, nullable=False, server_default="0"),
        sa.Column("next_attempt_at", MOMENT, server_default=sa.func.now()),
        sa.Column("owner", sa.BigInteger),
        sa.Column("last_reply", sa.Text),
        sa.Column("created_at", MOMENT, nullable=False, server_default=sa.func.now()),
        sa.Column("trying_since", MOMENT, nullable=False, server_default=sa.func.now()),
        sa.Column("finished_at", MOMENT),
        sa.UniqueConstraint("event_id", "template", name="deliveries_event"),
        sa.CheckConstraint(
            "state in ('pending', 'sending', 'sent', 'deferred', 'failed')", name="deliveries_state"
        ),
    )
    op.create_index("deliveries_request", "deliveries", ["request_id", "id"])
    # Millions of sent rows stay out of everything that is asked all the time.
    op.create_index(
        "deliveries_due",
        "deliveries",
        ["next_attempt_at", "id"],
        postgresql_where=sa.text("state in ('pending', 'deferred')"),
    )
    op.create_index(
        "deliveries_sending", "deliveries", ["owner"], postgresql_where=sa.text("state = 'sending'")
    )
    op.create_index(
        "deliveries_held",
        "deliveries",
        ["request_id", "id"],
        postgresql_where=sa.text("state = 'pending' and next_attempt_at is null"),
    )
    op.create_index("deliveries_failed", "deliveries", ["id"], postgresql_where=sa.text("state = 'failed'"))
    # Encrypted bytes do not compress; long resolutions go out of line as they are.
    op.execute("alter table deliveries alter column contents set storage external")
    op.create_table(
        "outcomes",
        sa.Column("id", sa.BigInteger, sa.Identity(always=True), primary_key=True),
        sa.Column("request_id", sa.Uuid, nullable=False),
        sa.Column("event_id", sa.Text, nullable=False),
        sa.Column("template", sa.Text, nullable=False),
        sa.Column("message_id", sa.Text, nullable=False),
        sa.Column("traceparent", sa.Text),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("attempt", sa.BigInteger, nullable=False),
        sa.Column("reply", sa.Text, nullable=False),
        sa.Column("occurred_at", MOMENT, nullable=False, server_default=sa.func.now()),
        sa.Column("retry_at", MOMENT),
    )


def downgrade() -> None:
    op.drop_table("outcomes")
    op.drop_table("deliveries")
