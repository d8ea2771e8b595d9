"""Lanes and leases of the outbox, and entries that are set aside."""

from alembic import op

from shared.outbox.tables import DROP, create

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("alter table spool add column refused text")
    for statement in create("spool"):
        op.execute(statement)


def downgrade() -> None:
    for statement in DROP:
        op.execute(statement)
    op.execute("alter table spool drop column refused")
