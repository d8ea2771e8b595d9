"""The answers that are given again to a command with the same Idempotency-Key."""

from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

DDL = """
create table kept_answers (
    caller text not null,
    key text not null,
    digest bytea not null,
    status integer not null,
    headers jsonb not null,
    body bytea not null,
    answered_at timestamptz not null,
    primary key (caller, key)
);
create index kept_answers_answered_at_idx on kept_answers (answered_at)
"""


def upgrade() -> None:
    for statement in DDL.split(";"):
        op.execute(statement)


def downgrade() -> None:
    op.drop_table("kept_answers")
