"""Work numbers go on with ten digits when those of nine are used up."""

from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("alter sequence work_number_sequence maxvalue 999999999")


def downgrade() -> None:
    op.execute("alter sequence work_number_sequence maxvalue 99999999")
