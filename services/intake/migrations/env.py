"""Alembic's way in."""

from services.intake.models import metadata
from shared.database.engine import run_migrations

run_migrations(metadata)
