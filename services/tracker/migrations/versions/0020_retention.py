"""When a request's contents were removed, and indexes, built concurrently, that find those that are due."""

from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None

INDEXES = {
    "requests_removable": """
        requests ((timezone('UTC', changed_at) + make_interval(days => retention_days)))
        where erased_at is null and state in ('resolved', 'rejected', 'closed')
    """,
    "dead_letters_kept": "dead_letters (buried_at) where emptied_at is null",
    "dead_letters_kept_of": "dead_letters (request_id) where emptied_at is null",
}


def upgrade() -> None:
    op.execute("alter table requests add column if not exists erased_at timestamptz")
    op.execute("alter table dead_letters add column if not exists emptied_at timestamptz")
    with op.get_context().autocommit_block():
        for name, definition in INDEXES.items():
            # One that was interrupted is there and of no use.
            op.execute(f"drop index concurrently if exists {name}")
            op.execute(f"create index concurrently {name} on {definition}")


def downgrade() -> None:
    for name in INDEXES:
        op.execute(f"drop index {name}")
    op.drop_column("dead_letters", "emptied_at")
    op.drop_column("requests", "erased_at")
