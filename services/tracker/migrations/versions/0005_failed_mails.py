"""Mails that failed wait for an operator, who has them tried again or settles the matter."""

from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("alter table owed_mails add column settled_at timestamptz, add column settled_by text")
    op.execute(
        "create index owed_mails_unsettled on owed_mails (failed_at, event_id) where failed_at is not null and settled_at is null"
    )
    op.execute("drop index mail_outcomes_failed")


def downgrade() -> None:
    op.execute(
        "create index mail_outcomes_failed on mail_outcomes (occurred_at) where type = 'mail.failed.v1'"
    )
    op.execute("drop index owed_mails_unsettled")
    op.execute("alter table owed_mails drop column settled_at, drop column settled_by")
