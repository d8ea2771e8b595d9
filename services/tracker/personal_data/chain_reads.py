"""Joins new entries of the log of reads into one hash chain, afterwards, so that reads do not wait.

An entry's link is HMAC-SHA256 over its position, the link before it and its own MAC: one that is changed,
taken out or put in later breaks the chain at its place. The newest link is logged, so that entries that were
taken off the end are missed too (`check_reads.py`).
"""

import asyncio
import hashlib
import hmac

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from shared.database.advisory_locks import READS_CHAIN
from shared.database.engine import DATABASE_ERRORS, Sessions
from shared.process.logs import get_log

log = get_log(__name__)

EVERY_SECONDS = 5.0
BATCH_SIZE = 1_000
LAST = text("select position, link from reads where position is not null order by position desc limit 1")
NEXT = text("select id, mac from reads where position is null order by id limit :most")
JOIN = text("""
    update reads set position = given.position, link = given.link
    from unnest(cast(:ids as bigint[]), cast(:positions as bigint[]), cast(:links as bytea[])) as given (id,
        position, link)
    where reads.id = given.id
""")


def link_of(key: bytes, position: int, before: bytes, mac: bytes) -> bytes:
    """Return the link of the entry at a position (the first is 1, with nothing before it)."""
    return hmac.digest(key, b"link/" + position.to_bytes(8, "big") + before + mac, hashlib.sha256)


async def chain_reads(session: AsyncSession, key: bytes, most: int = BATCH_SIZE) -> int:
    """Join at most so many entries to the chain, in the order of their ids; gives how many.

    Another process that is at it is left to it.
    """
    if not await session.scalar(text("select pg_try_advisory_xact_lock(:key)"), {"key": READS_CHAIN}):
        return 0
    last = (await session.execute(LAST)).first()
    position, link = (last.position, last.link) if last else (0, b"")
    waiting = (await session.execute(NEXT, {"most": most})).all()
    if not waiting:
        return 0
    links = []
    for place, read in enumerate(waiting, position + 1):
        link = link_of(key, place, link, read.mac)
        links.append(link)
    newest = position + len(links)
    await session.execute(
        JOIN,
        {
            "ids": [read.id for read in waiting],
            "positions": list(range(position + 1, newest + 1)),
            "links": links,
        },
    )
    log.info("reads_chained", position=newest, link=link.hex())
    return len(links)


class ReadsChain:
    """`await ReadsChain(…).run()` joins what was read until cancelled."""

    def __init__(self, sessions: Sessions, key: bytes, *, every_seconds: float = EVERY_SECONDS) -> None:
        self._sessions = sessions
        self._key = key
        self._every_seconds = every_seconds

    async def run(self) -> None:
        """Join every few seconds; while the database is away the next round comes all the same."""
        while True:
            try:
                async with self._sessions.begin() as session:
                    more = await chain_reads(session, self._key) == BATCH_SIZE
            except DATABASE_ERRORS as error:
                log.warning("reads_not_chained", error=type(error).__name__)
                more = False
            await asyncio.sleep(0 if more else self._every_seconds)
