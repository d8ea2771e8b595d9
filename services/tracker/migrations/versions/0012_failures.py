"""Why a mail failed: the mail server's codes."""

from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("alter table mail_outcomes add column codes text")
    op.execute("alter table owed_mails add column failure text")


def downgrade() -> None:
    op.execute("alter table owed_mails drop column failure")
    op.execute("alter table mail_outcomes drop column codes")
