"""Asks intake what waits in its spool: nobody else can read it, least of all while Kafka is away."""

from datetime import datetime
from http import HTTPStatus
from uuid import UUID

import httpx
from pydantic import BaseModel, ValidationError

from shared.auth.client_credentials import ClientCredentials, IdentityAway
from shared.process.logs import get_log

log = get_log(__name__)

SCOPE = "operate"


class IntakeAway(Exception):
    """Intake, its database, or identity on the way to it, did not answer."""


class SpooledRequest(BaseModel):
    """A submission that waits for Kafka."""

    request_id: UUID
    spooled_at: datetime


class SpooledRequests(BaseModel):
    """How many wait, and the oldest of them."""

    waiting: int
    oldest_at: datetime | None
    requests: list[SpooledRequest]


class Intake:
    """Intake's side for operators' systems; any of its processes answers for all."""

    def __init__(self, url: str, credentials: ClientCredentials) -> None:
        self._url = f"{url.rstrip('/')}/api/v1/spool"
        self._credentials = credentials

    async def spool(self) -> SpooledRequests:
        """Ask; raises `IntakeAway`."""
        try:
            answer = await self._credentials.ask(SCOPE, "GET", self._url)
            if answer.status_code == HTTPStatus.OK:
                return SpooledRequests.model_validate_json(answer.content)
            reason = f"status {answer.status_code}"
        except (httpx.HTTPError, IdentityAway, ValidationError) as error:
            reason = type(error).__name__
        log.warning("intake_away", reason=reason)
        raise IntakeAway(reason)
