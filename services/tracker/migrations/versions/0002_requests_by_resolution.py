"""How many requests were handled in the last hour, without reading the others."""

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(
        "create index requests_resolved_at_idx on requests (resolved_at) where resolved_at is not null"
    )


def downgrade() -> None:
    op.execute("drop index requests_resolved_at_idx")
