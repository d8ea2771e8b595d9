"""Alembic's way in to tracker's database."""

from services.tracker.models import metadata
from shared.database.engine import run_migrations

run_migrations(metadata)
