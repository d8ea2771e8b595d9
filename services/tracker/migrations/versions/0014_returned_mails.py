"""Mails that came back wait for a person: which sending, what was reported, and what was done about it."""

from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(
        "alter table mail_outcomes add column sending integer not null default 1, add column bounce text, add column status text"
    )
    op.execute("""
        alter table owed_mails
            add column sending integer not null default 1,
            add column returned_at timestamptz,
            add column returned_message_id text,
            add column return_status text,
            add column settled_note text
    """)
    op.execute(
        "create index owed_mails_returned on owed_mails (returned_at, event_id) where returned_at is not null and settled_at is null"
    )
    op.execute("drop index owed_mails_unsettled")
    op.execute("""
        create index owed_mails_unsettled on owed_mails (failed_at, event_id)
        where failed_at is not null and returned_at is null and settled_at is null
    """)


def downgrade() -> None:
    op.execute("drop index owed_mails_unsettled")
    op.execute(
        "create index owed_mails_unsettled on owed_mails (failed_at, event_id) where failed_at is not null and settled_at is null"
    )
    op.execute("drop index owed_mails_returned")
    for column in ("sending", "returned_at", "returned_message_id", "return_status", "settled_note"):
        op.execute(f"alter table owed_mails drop column {column}")
    op.execute("alter table mail_outcomes drop column sending, drop column bounce, drop column status")
