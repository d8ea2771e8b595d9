"""Adds the counts of limited actions, by which the processes of identity exchange them."""

from alembic import op

from shared.limits.exchange import CREATE, DROP

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for statement in CREATE:
        op.execute(statement)


def downgrade() -> None:
    op.execute(DROP)
