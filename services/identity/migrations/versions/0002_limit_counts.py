"""How often strangers did what is limited, exchanged by the processes."""

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
