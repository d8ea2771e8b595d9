"""People found by any of their names: an index over the words of each name."""

from alembic import op

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None

NAME = "requests_name_words"


def upgrade() -> None:
    with op.get_context().autocommit_block():
        # One that was interrupted is there and of no use.
        op.execute(f"drop index concurrently if exists {NAME}")
        op.execute(f"create index concurrently {NAME} on requests using gin (string_to_array(name_key, ' '))")


def downgrade() -> None:
    op.execute(f"drop index {NAME}")
