"""The mail server's codes, with the outcome."""

from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("alter table outcomes add column codes text")


def downgrade() -> None:
    op.execute("alter table outcomes drop column codes")
