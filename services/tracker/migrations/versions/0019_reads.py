"""Who read which requests, as a chain."""

from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None

DDL = """
create table reads (
    id bigint generated always as identity primary key,
    read_at timestamptz not null,
    reader_kind text not null,
    reader text not null,
    purpose text not null,
    reason text,
    request_ids uuid[] not null,
    words bytea,
    mac bytea not null,
    position bigint,
    link bytea
);
create unique index reads_position on reads (position) where position is not null;
create index reads_unchained on reads (id) where position is null;
create index reads_request_ids on reads using gin (request_ids);
create index reads_reader_id_idx on reads (reader, id);
create index reads_read_at_idx on reads (read_at)
"""


def upgrade() -> None:
    for statement in DDL.split(";"):
        op.execute(statement)


def downgrade() -> None:
    op.drop_table("reads")
