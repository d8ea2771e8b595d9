"""Who read which report."""

from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

DDL = """
create table report_reads (
    id bigint generated always as identity primary key,
    read_at timestamptz not null default now(),
    reader_kind text not null,
    reader text not null,
    digest bytea not null,
    delivery_id bigint
);
create index report_reads_digest on report_reads (digest)
"""


def upgrade() -> None:
    for statement in DDL.split(";"):
        op.execute(statement)


def downgrade() -> None:
    op.drop_table("report_reads")
