"""Alembic's entry: brings notifier's database to the newest revision."""

from services.notifier.models import metadata
from shared.database.engine import run_migrations

run_migrations(metadata)
