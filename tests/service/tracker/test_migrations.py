"""The migrations make what the models say, and may run again."""

import asyncio
from typing import Any

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection

from services.tracker.models import metadata
from shared.database import Sessions, migrate
from tests.service.tracker.office import MIGRATIONS


async def test_the_tables_are_those_of_the_models(sessions: Sessions, tracker_database: str) -> None:
    await asyncio.to_thread(migrate, MIGRATIONS, tracker_database)

    def differences(connection: Connection) -> list[Any]:
        return list(compare_metadata(MigrationContext.configure(connection, opts={"compare_type": True}), metadata))

    async with sessions() as session:
        assert await (await session.connection()).run_sync(differences) == []
