"""The runs of the canary, and when each came through a stage."""

from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

DDL = """
create table canary_runs (
    run bigint primary key,
    begun_at timestamptz not null,
    request_id uuid,
    event_id text unique,
    answered_at timestamptz,
    shown_at timestamptz,
    numbered_at timestamptz,
    mailed_at timestamptz,
    error text
)
"""


def upgrade() -> None:
    op.execute(DDL)


def downgrade() -> None:
    op.drop_table("canary_runs")
