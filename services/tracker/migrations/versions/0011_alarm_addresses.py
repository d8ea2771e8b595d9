"""The message that an alarm address is to take next, and since when it has taken none."""

from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

DDL = """
create table alarm_addresses (
    address bytea primary key,
    message_id uuid,
    message jsonb,
    next_try_at timestamptz,
    failures integer not null,
    failing_since timestamptz,
    last_error text
)
"""


def upgrade() -> None:
    op.execute(DDL)


def downgrade() -> None:
    op.drop_table("alarm_addresses")
