"""The entry point of Alembic, which runs the migrations of identity's database."""

from services.identity.models import metadata
from shared.database.engine import run_migrations

run_migrations(metadata)
