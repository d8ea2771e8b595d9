"""Answers and texts encrypted: what is there in clear is encrypted by the worker, which has the key."""

from alembic import op

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None

INDEXES = {
    "requests_in_clear": "requests (request_id) where answers <> '[]'",
    "requests_erased_in_box": "requests (request_id) where erased_at is not null and answers_box is not null",
    "history_in_clear": "history (id) where text is not null",
    "history_texts": "history (id) where text_box is not null",
}


def upgrade() -> None:
    op.execute(
        "alter table requests add column if not exists answers_box bytea, alter column answers set default '[]'"
    )
    op.execute("alter table history add column if not exists text_box bytea")
    with op.get_context().autocommit_block():
        for name, definition in INDEXES.items():
            # One that was interrupted is there and of no use.
            op.execute(f"drop index concurrently if exists {name}")
            op.execute(f"create index concurrently {name} on {definition}")


def downgrade() -> None:
    """The version before cannot read what is encrypted: it is lost with the columns."""
    for name in INDEXES:
        op.execute(f"drop index {name}")
    op.drop_column("history", "text_box")
    op.execute("alter table requests alter column answers drop default")
    op.drop_column("requests", "answers_box")
