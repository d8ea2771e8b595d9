"""Recomputes name keys without accents, apostrophes and hyphens, a few at a time."""

from alembic import op
from sqlalchemy import text

from services.tracker.personal_data.at_rest import name_key

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None

AT_ONCE = 2_000
OLD = text("""
    select request_id, first_name, last_name, name_key from requests
    where request_id > :after and name_key ~ '[^a-z0-9 ]' order by request_id limit :many
""")
CHANGE = text("""
    update requests set name_key = made.key
    from unnest(cast(:ids as text[]), cast(:olds as text[]), cast(:keys as text[])) made (id, old, key)
    where requests.request_id = made.id::uuid and requests.name_key = made.old
""")


def upgrade() -> None:
    with op.get_context().autocommit_block():
        connection, after = op.get_bind(), "00000000-0000-0000-0000-000000000000"
        while rows := connection.execute(OLD, {"after": after, "many": AT_ONCE}).all():
            after = str(rows[-1].request_id)
            keys = [name_key(row.last_name, row.first_name) for row in rows]
            ids, olds = [str(row.request_id) for row in rows], [row.name_key for row in rows]
            connection.execute(CHANGE, {"ids": ids, "olds": olds, "keys": keys})


def downgrade() -> None:
    """Nothing: the version before finds names by this key too, as long as they have no accents."""
