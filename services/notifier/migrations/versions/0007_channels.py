"""Channels of deliveries, settled deliveries, and an index by channel that is made without locking."""

from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

OPEN = "state in ('pending', 'deferred')"


def upgrade() -> None:
    # A default that is a constant is kept beside the table: no row is rewritten.
    op.execute(
        "alter table deliveries add column if not exists channel text not null default 'mail',"
        " add column if not exists settled_by text, add column if not exists settled_note text"
    )
    op.execute("alter table outcomes add column if not exists channel text not null default 'mail'")
    _states("'pending', 'sending', 'sent', 'deferred', 'failed', 'settled'")
    _due("channel, next_attempt_at, id")


def downgrade() -> None:
    op.execute("update deliveries set state = 'failed' where state = 'settled'")
    _states("'pending', 'sending', 'sent', 'deferred', 'failed'")
    _due("next_attempt_at, id")
    op.execute("alter table deliveries drop column channel, drop column settled_by, drop column settled_note")
    op.execute("alter table outcomes drop column channel")


def _states(states: str) -> None:
    op.execute("alter table deliveries drop constraint if exists deliveries_state")
    op.execute(
        f"alter table deliveries add constraint deliveries_state check (state in ({states})) not valid"
    )


def _due(columns: str) -> None:
    """Check the rows and replace the index while workers go on: neither locks them out."""
    with op.get_context().autocommit_block():
        op.execute("alter table deliveries validate constraint deliveries_state")
        # One that was interrupted is there and of no use.
        op.execute("drop index concurrently if exists deliveries_due_now")
        op.execute(f"create index concurrently deliveries_due_now on deliveries ({columns}) where {OPEN}")
        op.execute("drop index concurrently if exists deliveries_due")
        op.execute("alter index deliveries_due_now rename to deliveries_due")
