"""What identity keeps, for how long, and that the migrations make the tables of the models."""

from datetime import UTC, datetime, timedelta

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, func, select, update

from services.identity.clean_up import clean_up
from services.identity.models import Attempt, BankVisit, Grant, Handshake, Identification, metadata
from tests.service.identity.conftest import Running
from tests.service.identity.walk import Walker


async def test_what_has_run_out_is_deleted_and_the_rest_kept(identity: Running) -> None:
    async with Walker(identity) as browser:
        await browser.code()
        await browser.enter_bank("op")
    tables = (Attempt, Handshake, Grant, BankVisit, Identification)

    async def counts() -> list[int | None]:
        await clean_up(identity.sessions)
        async with identity.sessions() as session:
            return [await session.scalar(select(func.count()).select_from(table)) for table in tables]

    assert all(await counts())
    past = datetime.now(UTC) - timedelta(days=2)
    async with identity.sessions() as session, session.begin():
        for table in (Attempt, Grant, BankVisit):
            await session.execute(update(table).values(expires_at=past))
        await session.execute(update(Identification).values(seen_at=past))
    assert await counts() == [0] * len(tables)


async def test_the_migrations_make_the_tables_of_the_models(identity: Running) -> None:
    def differences(connection: Connection) -> list[object]:
        return list(compare_metadata(MigrationContext.configure(connection), metadata))

    async with identity.sessions() as session:
        assert await (await session.connection()).run_sync(differences) == []
