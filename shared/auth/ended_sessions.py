"""Stores which sessions were ended (logout), so that no copy of their cookie opens a session again."""

import asyncio
import time
from collections.abc import MutableMapping
from datetime import UTC, datetime, timedelta
from typing import Any

from fastapi import Request
from sqlalchemy import Column, DateTime, Index, MetaData, Table, Text, delete, select
from sqlalchemy.dialects.postgresql import insert

from shared.auth.session import SESSION_ID, SESSION_SECONDS
from shared.database.engine import DATABASE_ERRORS, Sessions
from shared.process.logs import get_log
from shared.web.problems import Unavailable

log = get_log(__name__)

KEEP_ENDED = timedelta(seconds=2 * SESSION_SECONDS)
"""Longer than any cookie lasts that was written before, or while, its session was ended."""
QUICK_SECONDS, PATIENT_SECONDS = 1.0, 5.0
"""How long the database may take, where sessions open without it and where they do not."""
PAUSE_SECONDS = 5.0
"""How long an unavailable database is not asked again, where sessions open without it."""
MAX_UNWRITTEN = 10_000
REMOVED_PER_BATCH = 1_000

# Migrations run these texts: change the table by another migration.
CREATE = (
    "create table ended_sessions (id text primary key, until timestamptz not null)",
    "create index ended_sessions_until_idx on ended_sessions (until)",
)
DROP = "drop table ended_sessions"


def describe(metadata: MetaData) -> Table:
    """Add the table to a service's metadata; after `until` every cookie of the session has expired."""
    return Table(
        "ended_sessions",
        metadata,
        Column("id", Text, primary_key=True),
        Column("until", DateTime(timezone=True), nullable=False),
        Index("ended_sessions_until_idx", "until"),
    )


_ended = describe(MetaData())


class EndedSessions:
    """The ended sessions of one service.

    Without the database sessions open if `open_while_away`; otherwise `Unavailable` is raised.
    """

    def __init__(self, sessions: Sessions, *, open_while_away: bool) -> None:
        self._sessions = sessions
        self._open_while_away = open_while_away
        self._within = QUICK_SECONDS if open_while_away else PATIENT_SECONDS
        self._unwritten: dict[str, datetime] = {}
        self._ask_from = 0.0

    async def end(self, session: MutableMapping[str, Any]) -> None:
        """End a session, for every copy of its cookie, and empty it.

        If the database fails and `open_while_away`, the session ends in this process at once, and in the
        others with the next write; otherwise `Unavailable` is raised and the session continues.
        """
        if session_id := session.get(SESSION_ID):
            while len(self._unwritten) >= MAX_UNWRITTEN:
                del self._unwritten[next(iter(self._unwritten))]
            self._unwritten[session_id] = datetime.now(UTC) + KEEP_ENDED
            try:
                async with asyncio.timeout(self._within):
                    await self._write()
            except DATABASE_ERRORS as error:
                log.warning("ended_session_not_written", error=type(error).__name__)
                if not self._open_while_away:
                    self._unwritten.pop(session_id, None)
                    raise Unavailable("The database is away") from error
        session.clear()

    async def has_ended(self, session_id: str) -> bool:
        """True if a session was ended."""
        return session_id in self._unwritten or await self._was_ended(session_id)

    async def empty_if_ended(self, session: MutableMapping[str, Any]) -> None:
        """Empty a session that was ended."""
        session_id = session.get(SESSION_ID)
        if session_id and await self.has_ended(session_id):
            log.info("ended_session_refused")
            session.clear()

    async def _write(self) -> None:
        """Write new entries and remove expired ones."""
        ended = sorted(self._unwritten.items())
        now = datetime.now(UTC)
        async with self._sessions.begin() as database:
            await database.execute(insert(_ended).values(ended).on_conflict_do_nothing())
            over = (
                select(_ended.c.id)
                .where(_ended.c.until < now)
                .limit(REMOVED_PER_BATCH)
                .with_for_update(skip_locked=True)
            )
            await database.execute(delete(_ended).where(_ended.c.id.in_(over)))
        for session_id, _ in ended:
            self._unwritten.pop(session_id, None)

    async def _was_ended(self, session_id: str) -> bool:
        if time.monotonic() < self._ask_from:
            return False
        try:
            async with asyncio.timeout(self._within), self._sessions() as database:
                return await database.scalar(select(_ended.c.id).where(_ended.c.id == session_id)) is not None
        except DATABASE_ERRORS as error:
            log.warning("ended_sessions_not_read", error=type(error).__name__)
            if not self._open_while_away:
                raise Unavailable("The database is away") from error
            self._ask_from = time.monotonic() + PAUSE_SECONDS
            return False


async def empty_if_ended(request: Request) -> None:
    """Empty the request's session if it was ended.

    A dependency of every route that reads `request.session`; uses `app.state.ended_sessions`.
    """
    await ended_sessions(request).empty_if_ended(request.session)


def ended_sessions(request: Request) -> EndedSessions:
    """Return the app's `EndedSessions`."""
    ended: EndedSessions = request.app.state.ended_sessions
    return ended
