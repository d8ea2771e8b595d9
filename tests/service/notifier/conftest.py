"""A notifier on the shared servers, with an empty database and a mail server of its own."""

from collections.abc import AsyncIterator

import pytest

from services.notifier.settings import Settings
from shared.database import Sessions, open_database
from tests.conftest import FreshDatabase
from tests.service.notifier.mail_server import MailServer, free_port
from tests.service.notifier.office import make_settings


@pytest.fixture
async def notifier_database(migrated_database: FreshDatabase) -> str:
    """Give the address of a migrated database."""
    return await migrated_database("notifier")


@pytest.fixture
async def sessions(notifier_database: str) -> AsyncIterator[Sessions]:
    """Give sessions of that database."""
    async with open_database(notifier_database) as sessions:
        yield sessions


@pytest.fixture
async def mail_server() -> AsyncIterator[MailServer]:
    """Give a mail server that is open."""
    server = MailServer(free_port())
    await server.open()
    yield server
    await server.close()


@pytest.fixture
def settings(notifier_database: str, mail_server: MailServer) -> Settings:
    """Give settings that lose no time."""
    return make_settings(notifier_database, mail_server.port)
