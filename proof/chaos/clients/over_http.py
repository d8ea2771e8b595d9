"""HTTP attempts and retries, shared by the clients of a run."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import httpx

from proof.chaos.journal import Reply, reply_of_status

ATTEMPT_SECONDS = 20.0
TRIES = 12
FIRST_WAIT, MAX_WAIT = 0.5, 5.0


@dataclass(frozen=True)
class Answer:
    """The result of one attempt; `request_id` if the answer contained one."""

    reply: Reply
    status: int | None
    request_id: str | None
    sent_at: float
    answered_at: float

    def facts(self) -> dict[str, Any]:
        """Return the answer as a journal entry."""
        return {
            "reply": self.reply,
            "status": self.status,
            "request_id": self.request_id,
            "sent_at": self.sent_at,
            "answered_at": self.answered_at,
        }


async def attempt(send: Callable[[], Awaitable[tuple[int, str | None]]]) -> Answer:
    """Send once; `send` returns status and request id. No answer at all is `unknown`."""
    sent_at = time.time()
    try:
        async with asyncio.timeout(ATTEMPT_SECONDS):
            status, request_id = await send()
    except (httpx.HTTPError, TimeoutError, ValueError, KeyError):
        return Answer("unknown", None, None, sent_at, time.time())
    return Answer(reply_of_status(status), status, request_id, sent_at, time.time())


async def retry_until_answered(once: Callable[[], Awaitable[Answer]], *, persists: bool) -> Answer:
    """Retry until the answer is accepted or refused, a dozen times at most; once only unless `persists`."""
    wait = FIRST_WAIT
    answer = await once()
    for _ in range(TRIES - 1 if persists else 0):
        if answer.reply in {"accepted", "refused"}:
            break
        await asyncio.sleep(wait)
        wait = min(MAX_WAIT, wait * 2)
        answer = await once()
    return answer
