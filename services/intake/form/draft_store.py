"""Stores drafts of forms in the database; while it is away there are no drafts."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import Any, TypeVar

from sqlalchemy.ext.asyncio import AsyncSession

from shared.database.engine import DATABASE_ERRORS, Sessions
from shared.drafts import DraftKey, end_draft, find_draft, forget_drafts, keep_draft
from shared.process.logs import get_log

log = get_log(__name__)

T = TypeVar("T")

DEADLINE_SECONDS = 1.0
PAUSE_SECONDS = 5.0
"""After a failure the database is not asked for this many seconds, so that nobody waits for a draft twice."""


class DraftStore:
    """Reads and writes drafts.

    While the database is away nothing is raised: no draft is found, and none is kept.
    """

    def __init__(self, sessions: Sessions) -> None:
        self._sessions = sessions
        self._ask_from = 0.0

    async def find(self, keys: Sequence[DraftKey]) -> dict[str, Any] | None:
        """Return the first draft that is found under one of the keys."""
        return await self._in_time(partial(find_draft, keys=keys))

    async def keep(self, key: DraftKey, content: dict[str, Any], sending: str) -> bool:
        """Store a draft whose form will be sent as `sending`; true if it was stored."""
        return bool(await self._in_time(partial(keep_draft, key=key, content=content, sending=sending)))

    async def end(
        self,
        key: DraftKey,
        content: dict[str, Any],
        sending: str,
        *,
        is_another: Callable[[dict[str, Any]], bool],
    ) -> None:
        """Replace a draft by the note that it was sent, unless the stored one `is_another` draft by now."""
        await self._in_time(
            partial(end_draft, key=key, content=content, sending=sending, is_another=is_another)
        )

    async def forget(self, keys: Sequence[DraftKey]) -> None:
        """Remove the drafts under the keys."""
        await self._in_time(partial(forget_drafts, keys=keys))

    async def _in_time(self, work: Callable[[AsyncSession], Awaitable[T]]) -> T | None:
        """Run one transaction within the deadline; `None` if the database is away, or was a moment ago."""
        if time.monotonic() < self._ask_from:
            return None
        try:
            async with asyncio.timeout(DEADLINE_SECONDS), self._sessions.begin() as session:
                return await work(session)
        except DATABASE_ERRORS as error:
            self._ask_from = time.monotonic() + PAUSE_SECONDS
            log.warning("drafts_away", error=type(error).__name__)
            return None
