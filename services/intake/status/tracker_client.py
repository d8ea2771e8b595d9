"""Client of tracker's status API."""

from http import HTTPStatus
from typing import Any, TypeVar
from uuid import UUID

import httpx
from pydantic import BaseModel, ValidationError

from services.intake.citizen.identity_client import IdentityAway, IdentityProvider
from services.intake.form.clean_values import canonical_email
from services.intake.status.tracker_answers import RequestState, RequestStatus, ServiceState
from shared.limits.limit import TooMany
from shared.process.logs import get_log
from shared.text.work_number import parse

__all__ = [
    "NothingToCorrect",
    "RequestStatus",
    "Tracker",
    "TrackerAway",
    "UnknownRequest",
]

log = get_log(__name__)

SCOPE = "requests:status"

M = TypeVar("M", bound=BaseModel)


class UnknownRequest(Exception):
    """There is no such request, or it has another e-mail address; the answer is the same for both."""


class NothingToCorrect(Exception):
    """No mail of the request waits for a correct address."""


class TrackerAway(Exception):
    """Tracker did not answer, or identity, which issues the token."""


class Tracker:
    """Tracker's status API, called with intake's own token.

    Every method raises `UnknownRequest`, `TooMany` or `TrackerAway`.
    """

    def __init__(self, url: str, provider: IdentityProvider) -> None:
        self._url = url.rstrip("/") + "/api/v1/status"
        self._provider = provider

    async def status_by_number(self, work_number: str, email: str) -> RequestStatus:
        """Return the state by number and e-mail address; raises `InvalidWorkNumber` too."""
        number = parse(work_number)
        return await self._ask(
            "POST", "", RequestStatus, json={"work_number": number, "email": canonical_email(email)}
        )

    async def status_by_link(self, token: str) -> RequestStatus:
        """Return the state by the signed link of a mail."""
        return await self._ask("POST", "", RequestStatus, json={"link": token})

    async def correct_address(self, work_number: str, email: str, corrected: str) -> None:
        """Correct the address and send again what did not arrive.

        Raises `InvalidWorkNumber` and `NothingToCorrect` too.
        """
        body = {
            "work_number": parse(work_number),
            "email": canonical_email(email),
            "corrected_email": corrected,
        }
        answer = await self._call("POST", "/address", json=body)
        if answer.status_code == HTTPStatus.CONFLICT:
            raise NothingToCorrect
        _check(answer)

    async def service_state(self) -> ServiceState:
        """Return whether numbers and mails come."""
        return await self._ask("GET", "", ServiceState)

    async def state_of(self, request_id: UUID) -> RequestState:
        """Return the state by the request's id."""
        return await self._ask("GET", f"/{request_id}", RequestState)

    async def _ask(self, method: str, path: str, model: type[M], **request: Any) -> M:  # noqa: ANN401  httpx's own parameters
        return _read(await self._call(method, path, **request), model)

    async def _call(self, method: str, path: str, **request: Any) -> httpx.Response:  # noqa: ANN401  as above
        try:
            return await self._provider.ask(SCOPE, method, self._url + path, **request)
        except (httpx.HTTPError, IdentityAway) as error:
            log.warning("tracker_away", error=type(error).__name__)
            raise TrackerAway(type(error).__name__) from error


def _check(answer: httpx.Response) -> None:
    if answer.status_code in {HTTPStatus.NOT_FOUND, HTTPStatus.UNPROCESSABLE_ENTITY}:
        # Numbers were checked before. What else tracker refuses (an e-mail, a link) names no request.
        raise UnknownRequest
    if answer.status_code == HTTPStatus.TOO_MANY_REQUESTS:
        seconds = answer.headers.get("Retry-After", "")
        raise TooMany(int(seconds) if seconds.isdigit() else 60)
    if not answer.is_success:
        log.warning("tracker_away", status=answer.status_code)
        raise TrackerAway(f"status {answer.status_code}")


def _read(answer: httpx.Response, model: type[M]) -> M:
    _check(answer)
    try:
        return model.model_validate_json(answer.content)
    except ValidationError as error:
        log.warning("tracker_answer_unreadable", model=model.__name__)
        raise TrackerAway("unreadable") from error
