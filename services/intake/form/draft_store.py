"""Where the drafts of forms are kept: in the database, and nowhere while that is away."""

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
"""For how long a database that did not answer is not asked again: nobody waits for a draft twice."""


class DraftStore:
    """Never raises because the database is away: then there is no draft, and none is kept."""

    def __init__(self, sessions: Sessions) -> None:
        self._sessions = sessions
        self._ask_from = 0.0

    async def find(self, keys: Sequence[DraftKey]) -> dict[str, Any] | None:
        """Give what is kept under the first of the keys that has something."""
        return await self._in_time(partial(find_draft, keys=keys))

    async def keep(self, key: DraftKey, content: dict[str, Any], sending: str) -> bool:
        """Keep a draft that is to be sent as `sending`, and say whether it is kept."""
        return bool(await self._in_time(partial(keep_draft, key=key, content=content, sending=sending)))

    async def end(
        self,
        key: DraftKey,
        content: dict[str, Any],
        sending: str,
        *,
        is_another: Callable[[dict[str, Any]], bool],
    ) -> None:
        """Put in the place of a draft what tells that it was sent, and as what, unless what is kept by now `is_another` draft."""
        await self._in_time(
            partial(end_draft, key=key, content=content, sending=sending, is_another=is_another)
        )

    async def forget(self, keys: Sequence[DraftKey]) -> None:
        """Remove drafts."""
        await self._in_time(partial(forget_drafts, keys=keys))

    async def _in_time(self, work: Callable[[AsyncSession], Awaitable[T]]) -> T | None:
        """Do one transaction within the deadline; `None` where the database is, or lately was, away."""
        if time.monotonic() < self._ask_from:
            return None
        try:
            async with asyncio.timeout(DEADLINE_SECONDS), self._sessions.begin() as session:
                return await work(session)
        except DATABASE_ERRORS as error:
            self._ask_from = time.monotonic() + PAUSE_SECONDS
            log.warning("drafts_away", error=type(error).__name__)
            return None
