"""Whether the log was asked if skipped records exist; what could not be asked is asked again."""

from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("alter table skipped_records add column looked_up boolean not null default true")


def downgrade() -> None:
    op.drop_column("skipped_records", "looked_up")
