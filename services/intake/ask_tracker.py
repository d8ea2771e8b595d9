"""Asks tracker how a request is getting on, and holds back whoever asks too often."""

import time
from http import HTTPStatus
from typing import Any, TypeVar
from uuid import UUID

import httpx
from limits import RateLimitItemPerMinute
from limits.aio.storage import MemoryStorage
from limits.aio.strategies import MovingWindowRateLimiter
from pydantic import BaseModel, ValidationError

from services.intake.ask_identity import IdentityAway, IdentityProvider
from services.intake.clean_values import canonical_email
from services.intake.request_status import RequestState, RequestStatus
from shared.limits.caller import caller_of
from shared.logs import get_log
from shared.work_number import parse

__all__ = [
    "Attempts",
    "RequestStatus",
    "TooManyAttempts",
    "Tracker",
    "TrackerAway",
    "UnknownRequest",
]

log = get_log(__name__)

SCOPE = "requests:status"

M = TypeVar("M", bound=BaseModel)


class UnknownRequest(Exception):
    """There is no such request, or it is not this e-mail's: the two are not told apart."""


class TooManyAttempts(Exception):
    """Somebody asks too often; the next try makes sense after `retry_after` seconds."""

    def __init__(self, retry_after: int) -> None:
        super().__init__(f"retry after {retry_after} s")
        self.retry_after = retry_after


class TrackerAway(Exception):
    """Tracker, or identity on the way to it, did not answer."""


class Attempts:
    """Counts attempts to look at a status per caller, in this process."""

    def __init__(self, per_minute: int) -> None:
        self._limit = RateLimitItemPerMinute(per_minute)
        self._limiter = MovingWindowRateLimiter(MemoryStorage())

    async def check(self, client: str) -> None:
        """Count one attempt of the caller at a client's address; raises `TooManyAttempts` when there were too many in the last minute."""
        caller = caller_of(client)
        if not await self._limiter.hit(self._limit, caller):
            window = await self._limiter.get_window_stats(self._limit, caller)
            raise TooManyAttempts(max(1, round(window.reset_time - time.time())))


class Tracker:
    """Tracker's status API, with a token of ours. Each question raises `UnknownRequest`, `TooManyAttempts` or `TrackerAway`."""

    def __init__(self, url: str, provider: IdentityProvider) -> None:
        self._url = url.rstrip("/") + "/api/v1/status"
        self._provider = provider

    async def status_by_number(self, work_number: str, email: str) -> RequestStatus:
        """Ask by the number and the e-mail address that was given with the request; raises `InvalidWorkNumber` too."""
        number = parse(work_number)
        return await self._ask("POST", "", RequestStatus, json={"work_number": number, "email": canonical_email(email)})

    async def status_by_link(self, token: str) -> RequestStatus:
        """Ask by the signed link of a mail."""
        return await self._ask("POST", "", RequestStatus, json={"link": token})

    async def state_of(self, request_id: UUID) -> RequestState:
        """Ask by the request's id."""
        return await self._ask("GET", f"/{request_id}", RequestState)

    async def _ask(self, method: str, path: str, model: type[M], **request: Any) -> M:  # noqa: ANN401  httpx's own parameters
        try:
            answer = await self._provider.ask(SCOPE, method, self._url + path, **request)
        except (httpx.HTTPError, IdentityAway) as error:
            log.warning("tracker_away", error=type(error).__name__)
            raise TrackerAway(type(error).__name__) from error
        return _read(answer, model)


def _read(answer: httpx.Response, model: type[M]) -> M:
    if answer.status_code in {HTTPStatus.NOT_FOUND, HTTPStatus.UNPROCESSABLE_ENTITY}:
        # What can be wrong with a number was told before; what else tracker finds wrong (an e-mail, a link) makes it an unknown one.
        raise UnknownRequest
    if answer.status_code == HTTPStatus.TOO_MANY_REQUESTS:
        seconds = answer.headers.get("Retry-After", "")
        raise TooManyAttempts(int(seconds) if seconds.isdigit() else 60)
    if answer.status_code != HTTPStatus.OK:
        log.warning("tracker_away", status=answer.status_code)
        raise TrackerAway(f"status {answer.status_code}")
    try:
        return model.model_validate_json(answer.content)
    except ValidationError as error:
        log.warning("tracker_answer_unreadable", model=model.__name__)
        raise TrackerAway("unreadable") from error
