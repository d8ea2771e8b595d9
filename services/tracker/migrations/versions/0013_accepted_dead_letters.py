"""A dead letter that is an accepted request is known as one; what was settled says how."""

from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

WAITS = (
    "redriven_at is null and (dismissed_at is null or (accepted and note is null and registered_at is null))"
)


def upgrade() -> None:
    op.execute("""
        alter table dead_letters add column accepted boolean not null default false,
            add column request_id uuid,
            add column registered_at timestamptz, add column note text
    """)
    op.execute("drop index dead_letters_waiting")
    op.execute(f"create index dead_letters_waiting on dead_letters (id) where {WAITS}")
    op.execute(
        "create index dead_letters_accepted on dead_letters (request_id) where accepted and registered_at is null"
    )
    op.execute("alter table skipped_records add column note text")


def downgrade() -> None:
    op.execute("alter table skipped_records drop column note")
    op.execute("drop index dead_letters_waiting")
    op.execute(
        "alter table dead_letters drop column accepted, drop column request_id, drop column registered_at, drop column note"
    )
    op.execute(
        "create index dead_letters_waiting on dead_letters (id) where redriven_at is null and dismissed_at is null"
    )
