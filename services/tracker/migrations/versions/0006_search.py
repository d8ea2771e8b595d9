"""Search by name reads its index alone, and a seldom used service is found without reading all others."""

from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(
        "create index requests_name_key_submitted_at_request_id_idx on requests (name_key text_pattern_ops, submitted_at, request_id)"
    )
    op.execute("drop index requests_name_key_idx")
    op.execute(
        "create index requests_service_submitted_at_request_id_idx on requests (service, submitted_at, request_id)"
    )


def downgrade() -> None:
    op.execute("create index requests_name_key_idx on requests (name_key text_pattern_ops)")
    op.execute("drop index requests_name_key_submitted_at_request_id_idx")
    op.execute("drop index requests_service_submitted_at_request_id_idx")
