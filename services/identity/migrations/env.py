"""Alembic runs this to reach the database."""

from services.identity.models import metadata
from shared.database.engine import run_migrations

run_migrations(metadata)
