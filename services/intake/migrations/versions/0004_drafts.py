"""What is typed into a form and not sent yet."""

from alembic import op

from shared.drafts import CREATE, DROP

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for statement in CREATE:
        op.execute(statement)


def downgrade() -> None:
    op.execute(DROP)
