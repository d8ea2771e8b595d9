"""Which parts of the service work, for its public page: measured here, or answered by tracker.

Readings are cached and have a time limit, so nobody waits long and few questions are asked.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Literal, TypeAlias, TypeVar

import httpx

from services.intake.citizen.identity_client import IdentityAway, IdentityProvider
from services.intake.status.tracker_client import Tracker, TrackerAway, UnknownRequest
from shared.limits.limit import TooMany
from shared.web.health import Check, failure_of

T = TypeVar("T")

Part: TypeAlias = Literal["form", "number", "identification", "following", "mail"]
FRESH_SECONDS = 5.0
ANSWER_SECONDS = 2.0


@dataclass(frozen=True)
class Parts:
    """Which parts work at a moment; `None` is unknown."""

    at: datetime
    works: dict[Part, bool | None]

    @property
    def well(self) -> bool:
        """True if every part is known to work."""
        return all(self.works.values())


class StateOfService:
    """Caches the latest reading for some seconds; concurrent callers share one reading."""

    def __init__(
        self, checks: Callable[[], dict[str, Check]], provider: IdentityProvider, tracker: Tracker
    ) -> None:
        self._checks = checks
        self._provider = provider
        self._tracker = tracker
        self._reading = asyncio.Lock()
        self._latest: Parts | None = None
        self._read_at = 0.0

    async def read(self) -> Parts:
        """Return a reading that is at most some seconds old."""
        async with self._reading:
            if self._latest is None or time.monotonic() - self._read_at > FRESH_SECONDS:
                self._latest, self._read_at = await self._measure(), time.monotonic()
            return self._latest

    async def _measure(self) -> Parts:
        form, identification, answer = await asyncio.gather(
            self._form_works(), _in_time(self._provider.is_ready()), _in_time(self._tracker.service_state())
        )
        return Parts(
            datetime.now(timezone.utc),
            {
                "form": form,
                "number": answer.numbers if answer else None,
                "identification": bool(identification),
                "following": answer is not None,
                "mail": answer.mails if answer else None,
            },
        )

    async def _form_works(self) -> bool:
        # One of the two is enough to store a request.
        return any(
            failure is None for failure in await asyncio.gather(*map(failure_of, self._checks().values()))
        )


async def _in_time(answer: Awaitable[T]) -> T | None:
    """Return the answer, or `None` if it does not come in time."""
    try:
        async with asyncio.timeout(ANSWER_SECONDS):
            return await answer
    except (TimeoutError, IdentityAway, TrackerAway, UnknownRequest, TooMany, httpx.HTTPError):
        return None
