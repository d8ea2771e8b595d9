"""Sessions that were ended before their cookies ran out."""

from alembic import op

from shared.auth.ended_sessions import CREATE, DROP

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for statement in CREATE:
        op.execute(statement)


def downgrade() -> None:
    op.execute(DROP)
