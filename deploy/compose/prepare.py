"""Makes each service's role and database, then topics and tables: `python -m deploy.compose.prepare`, repeatable."""

import asyncio
import os
from collections.abc import Mapping

from deploy.keys import SERVICES
from deploy.postgres import ensure_database
from deploy.prepare import PrepareSettings, prepare
from shared.database_address import read_database_address
from shared.settings import read_settings


async def make_databases(environment: Mapping[str, str]) -> None:
    """Make what each `<SERVICE>_DATABASE_URL` names, as the administrator of `DATABASE_URL`."""
    for service in SERVICES:
        owner = read_database_address(environment[f"{service.upper()}_DATABASE_URL"])
        await ensure_database(environment["DATABASE_URL"], owner.user or service, owner.password or "")


if __name__ == "__main__":
    asyncio.run(make_databases(os.environ))
    print("Ready:", ", ".join(prepare(os.environ, read_settings(PrepareSettings))))  # noqa: T201  a command's answer
