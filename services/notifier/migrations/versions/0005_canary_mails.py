"""Which mails are the canary's: they are forgotten after a day."""

from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(
        "create table canary_mails (event_id text primary key, added_at timestamptz not null default now())"
    )


def downgrade() -> None:
    op.execute("drop table canary_mails")
