"""What operators have typed and not sent yet."""

from alembic import op

from shared.drafts import CREATE, DROP

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for statement in CREATE:
        op.execute(statement)


def downgrade() -> None:
    op.execute(DROP)
