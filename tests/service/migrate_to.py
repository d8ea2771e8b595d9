"""Databases as an earlier version left them."""

import asyncio
from pathlib import Path

from alembic import command
from alembic.config import Config


async def migrate_to(folder: Path, dsn: str, revision: str) -> None:
    """Bring an empty database to an older revision."""
    config = Config()
    config.set_main_option("script_location", str(folder))
    config.set_main_option("path_separator", "os")
    config.attributes["dsn"] = dsn
    await asyncio.to_thread(command.upgrade, config, revision)
