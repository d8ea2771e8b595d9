"""A notifier on the shared servers, with an empty database and a mail server of its own."""

from collections.abc import AsyncIterator

import pytest
from sqlalchemy import text

from services.notifier.delivery_states import EDGES
from services.notifier.settings import Settings
from shared.database.engine import Sessions, open_database
from tests.conftest import FreshDatabase
from tests.service.notifier.builders import make_settings
from tests.service.notifier.mail_server import MailServer, free_port

WAYS = ", ".join(f"('{edge.source or ''}', '{edge.target}')" for edge in EDGES)
GUARD = (
    f"""
    create function only_by_the_table() returns trigger language plpgsql as $$
    declare came_from text := case when tg_op = 'INSERT' then '' else old.state end;
    begin
        if came_from <> new.state and not exists (
            select from (values {WAYS}) way (source, target) where (source, target) = (came_from, new.state)
        ) then
            raise exception 'no delivery goes from % to %', came_from, new.state;
        end if;
        return new;
    end $$
    """,  # noqa: S608  states of our own
    """create trigger only_by_the_table before insert or update on deliveries
    for each row execute function only_by_the_table()""",
)
"""Every test of notifier thereby proves that no statement takes another way than `delivery_states.py` has."""


@pytest.fixture
async def notifier_database(migrated_database: FreshDatabase) -> str:
    """Return the address of a migrated database."""
    dsn = await migrated_database("notifier")
    async with open_database(dsn) as sessions, sessions.begin() as session:
        for statement in GUARD:
            await session.execute(text(statement))
    return dsn


@pytest.fixture
async def sessions(notifier_database: str) -> AsyncIterator[Sessions]:
    """Return sessions of that database."""
    async with open_database(notifier_database) as sessions:
        yield sessions


@pytest.fixture
async def mail_server() -> AsyncIterator[MailServer]:
    """Return a mail server that is open."""
    server = MailServer(free_port())
    await server.open()
    yield server
    await server.close()


@pytest.fixture
def settings(notifier_database: str, mail_server: MailServer) -> Settings:
    """Return settings that lose no time."""
    return make_settings(notifier_database, mail_server.port)
