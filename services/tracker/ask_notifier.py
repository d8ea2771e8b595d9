"""Has notifier try a failed mail again: it alone has the mail."""

from collections.abc import Mapping, Sequence
from http import HTTPStatus

import httpx
from pydantic import BaseModel, ValidationError

from services.tracker.models import OwedMail
from shared.client_credentials import ClientCredentials, IdentityAway
from shared.logs import get_log
from shared.problems import Unavailable

log = get_log(__name__)

SCOPE = "operate"
MOST_LISTED = 200


class FailedDelivery(BaseModel):
    """A mail as notifier lists it."""

    id: int
    event_id: str
    template: str


class FailedDeliveries(BaseModel):
    """The failed mails of one request."""

    deliveries: list[FailedDelivery]


class TriedAgain(BaseModel):
    """Events whose failed mails are tried again."""

    events: list[str]


class Notifier:
    """Notifier's side for operators' systems."""

    def __init__(self, url: str, credentials: ClientCredentials) -> None:
        self._url = f"{url.rstrip('/')}/api/v1/deliveries"
        self._credentials = credentials

    async def retry(self, mail: OwedMail) -> bool:
        """Have a mail tried again now; says whether it was still waiting for that. Raises `Unavailable` while notifier, or identity, is away."""
        found = await self._ask("GET", "", state="failed", request_id=str(mail.request_id), limit=MOST_LISTED)
        try:
            failed = FailedDeliveries.model_validate_json(found.content).deliveries
        except ValidationError as error:
            raise Unavailable("Notifier's answer cannot be read") from error
        ids = [each.id for each in failed if (each.event_id, each.template) == (mail.event_id, mail.template)]
        answers = [await self._ask("POST", f"/{delivery}/retry") for delivery in ids]
        return any(answer.status_code == HTTPStatus.ACCEPTED for answer in answers)

    async def retry_all(self, events: Sequence[str]) -> list[str]:
        """Have the failed mails of these events tried again now; gives the events that had some. Raises `Unavailable` as `retry` does."""
        answer = await self._ask("POST", "/retry", body={"events": list(events), "limit": len(events)})
        try:
            return TriedAgain.model_validate_json(answer.content).events
        except ValidationError as error:
            raise Unavailable("Notifier's answer cannot be read") from error

    async def _ask(self, method: str, path: str, body: Mapping[str, object] | None = None, **parameters: str | int) -> httpx.Response:
        try:
            answer = await self._credentials.ask(SCOPE, method, self._url + path, params=parameters, json=body)
        except (httpx.HTTPError, IdentityAway) as error:
            log.warning("notifier_away", reason=type(error).__name__)
            raise Unavailable("Notifier is away") from error
        if answer.status_code in {HTTPStatus.OK, HTTPStatus.ACCEPTED, HTTPStatus.NOT_FOUND, HTTPStatus.CONFLICT}:
            return answer
        log.warning("notifier_away", reason=f"status {answer.status_code}")
        raise Unavailable("Notifier is away")
