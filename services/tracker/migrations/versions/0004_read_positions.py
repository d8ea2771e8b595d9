"""How far a reader has come, beside what it read: so that records that were skipped are noticed."""

from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

DDL = """
create table read_positions (
    reader text not null,
    topic text not null,
    partition integer not null,
    next_offset bigint not null,
    primary key (reader, topic, partition)
) with (fillfactor = 50);

create table skipped_records (
    id bigint generated always as identity primary key,
    reader text not null,
    topic text not null,
    partition integer not null,
    first_offset bigint not null,
    next_offset bigint not null,
    noticed_at timestamptz not null,
    settled_at timestamptz,
    settled_by text
);
create index skipped_records_waiting on skipped_records (id) where settled_at is null
"""


def upgrade() -> None:
    for statement in DDL.split(";"):
        op.execute(statement)


def downgrade() -> None:
    for table in ("skipped_records", "read_positions"):
        op.drop_table(table)
