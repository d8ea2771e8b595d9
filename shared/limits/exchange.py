"""Shares rate-limit counts between the processes of a service through its database, in the background."""

import asyncio
from datetime import UTC, datetime

from sqlalchemy import (
    BigInteger,
    Column,
    DateTime,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    delete,
    select,
    text,
    tuple_,
)

from shared.database.engine import DATABASE_ERRORS, Sessions
from shared.limits.limit import Count, Limits
from shared.process.logs import get_log

log = get_log(__name__)

PAUSE_SECONDS = 2.0
ROWS_A_STATEMENT = 2_000
REMOVED_PER_BATCH = 5_000
EXCHANGES_A_REMOVAL = 30
"""Old counts are removed once in so many exchanges."""

# Unlogged: a crash of the server loses only the counts of the last minutes.
# Migrations run these texts: change the table by another migration.
CREATE = (
    """create unlogged table limit_counts (
        "limit" text, who bytea, "window" bigint, count integer not null, until timestamptz not null,
        primary key ("limit", who, "window")
    )""",
    "create index limit_counts_until_idx on limit_counts (until)",
)
DROP = "drop table limit_counts"


def describe(metadata: MetaData) -> Table:
    """Add the table to a service's metadata."""
    return Table(
        "limit_counts",
        metadata,
        Column("limit", Text, primary_key=True),
        Column("who", LargeBinary, primary_key=True),
        Column("window", BigInteger, primary_key=True),
        Column("count", Integer, nullable=False),
        Column("until", DateTime(timezone=True), nullable=False),
        Index("limit_counts_until_idx", "until"),
        prefixes=["UNLOGGED"],
    )


_counts = describe(MetaData())

COLUMNS = ("limits", "callers", "windows", "counts", "ends")
# One parameter a column: a statement with one for each value would take longer to compile than to run.
ADD = text("""
    insert into limit_counts as known ("limit", who, "window", count, until)
    select * from unnest(cast(:limits as text[]), cast(:callers as bytea[]), cast(:windows as bigint[]),
        cast(:counts as int[]), cast(:ends as timestamptz[]))
    on conflict ("limit", who, "window") do update set count = known.count + excluded.count
    returning known."limit", known.who, known."window", known.count""")


async def exchange_counts(limits: Limits, sessions: Sessions) -> None:
    """Share counts every two seconds, for ever; while the database is down each process counts alone."""
    rounds = 0
    while True:
        await asyncio.sleep(PAUSE_SECONDS)
        limits.forget_old()
        try:
            await exchange_once(limits, sessions)
            if rounds % EXCHANGES_A_REMOVAL == 0:
                await _remove_old(sessions)
        except DATABASE_ERRORS as error:
            log.warning("counts_not_exchanged", error=type(error).__name__)
        rounds += 1


async def exchange_once(limits: Limits, sessions: Sessions) -> None:
    """Add our new counts to the table and read the totals.

    Counts that could not be written are lost to the other processes, but still count here.
    """
    unshared = sorted(limits.take_unshared().items())
    for start in range(0, len(unshared), ROWS_A_STATEMENT):
        rows = [
            (count.limit, count.who, count.window, times, datetime.fromtimestamp(end, UTC))
            for count, (times, end) in unshared[start : start + ROWS_A_STATEMENT]
        ]
        columns = dict(zip(COLUMNS, map(list, zip(*rows, strict=True)), strict=True))
        async with sessions.begin() as session:
            totals = (await session.execute(ADD, columns)).all()
        limits.merge((Count(limit, who, window), total) for limit, who, window, total in totals)


async def _remove_old(sessions: Sessions) -> None:
    key = _counts.c.limit, _counts.c.who, _counts.c.window
    old = (
        select(*key)
        .where(_counts.c.until < datetime.now(UTC))
        .limit(REMOVED_PER_BATCH)
        .with_for_update(skip_locked=True)
    )
    async with sessions.begin() as session:
        await session.execute(delete(_counts).where(tuple_(*key).in_(old)))
