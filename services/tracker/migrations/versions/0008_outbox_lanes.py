"""Lanes and leases of the outbox, and entries that are set aside."""

from alembic import op

from shared.outbox.tables import DROP, create

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("alter table history add column refused text")
    for statement in create("history"):
        op.execute(statement)


def downgrade() -> None:
    for statement in DROP:
        op.execute(statement)
    op.execute("alter table history drop column refused")
