"""Starts the bare pipeline, three minimal processes with their own topics and tables."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg

from deploy.ports import check_free
from deploy.postgres import ADMIN, dsn, ensure_database
from proof.bench.bench import Bench
from proof.bench.figures.processes import Roots
from proof.bench.floors import intake, notifier, tracker
from proof.bench.floors.records import BARE, LIFECYCLE, SUBMITTED, FloorSettings
from proof.bench.own_process import own_process, until_listening
from shared.events.topics import DAY_MS, PARTITIONS, Topic
from shared.kafka.topics import ensure_topics

PASSWORD = "bench"  # noqa: S105  of a database that lives as long as the run
SERVERS = ("kafka", "postgres")


@asynccontextmanager
async def bare_pipeline(bench: Bench) -> AsyncIterator[Roots]:
    """Run one beside the product on `spare_port`; yields its process ids and the servers'.

    Its mail goes to the same sink.
    """
    name = f"bench_{bench.new_name()}"
    settings = FloorSettings(
        name, bench.kafka, await own_database(bench, name), bench.spare_port, bench.smtp_port
    )
    async with running(settings) as pids:
        yield {**pids, **{server: bench.pids[server] for server in SERVERS}}


@asynccontextmanager
async def running(settings: FloorSettings) -> AsyncIterator[dict[str, int]]:
    """Create the topics, and the tables in an empty database, and run the three processes; yields their ids.

    The workers may still be joining their groups, so the first load after this must not be counted.
    """
    await ensure_topics(
        settings.kafka,
        [Topic(settings.topic(what), PARTITIONS, DAY_MS) for what in (SUBMITTED, LIFECYCLE, BARE)],
    )
    connection = await asyncpg.connect(settings.database)
    await connection.execute(tracker.TABLES + notifier.TABLES)
    await connection.close()
    await check_free([settings.port])
    with (
        own_process(intake.serve, settings) as first,
        own_process(tracker.work, settings) as second,
        own_process(notifier.work, settings) as third,
    ):
        await until_listening(settings.port)
        yield {"floor-intake": first, "floor-tracker": second, "floor-notifier": third}


async def own_database(bench: Bench, name: str) -> str:
    """Create an empty database on the stack's PostgreSQL; returns its address."""
    port = bench.stack.place.ports.postgres
    await ensure_database(dsn(ADMIN, bench.stack.secrets["postgres_password"], port, ADMIN), name, PASSWORD)
    return dsn(name, PASSWORD, port, name)
