"""Has notifier try a failed mail again, or send one again that came back: it alone has the mail."""

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from types import MappingProxyType
from typing import TypeAlias

import httpx
from pydantic import BaseModel, ValidationError

from services.tracker.models import OwedMail
from shared.auth.client_credentials import ClientCredentials, IdentityAway
from shared.process.logs import get_log
from shared.web.problems import InvalidFields, NotFound, Problem, Unavailable

log = get_log(__name__)

SCOPE = "operate"
MAX_LISTED = 200
Parameters: TypeAlias = Mapping[str, str | int]
NOTHING: Parameters = MappingProxyType({})


class Delivery(BaseModel):
    """A mail as notifier lists it."""

    id: int
    event_id: str
    template: str
    sending: int = 1


class Deliveries(BaseModel):
    """The mails of one request."""

    deliveries: list[Delivery]


class NotSendable(Problem):
    """409: the mail is under way, or somebody else had it sent again."""

    status = HTTPStatus.CONFLICT
    slug = "not-sendable"
    title = "The mail is about to go"


class ContentsGone(Problem):
    """409: the mail was sent so long ago that nobody knows any longer what it said."""

    status = HTTPStatus.CONFLICT
    slug = "contents-gone"
    title = "The mail's contents are no longer kept"


class TriedAgain(BaseModel):
    """Events whose failed mails are tried again."""

    events: list[str]


class Notifier:
    """Notifier's side for operators' systems."""

    def __init__(self, url: str, credentials: ClientCredentials) -> None:
        self._url = f"{url.rstrip('/')}/api/v1/deliveries"
        self._credentials = credentials

    async def retry(self, mail: OwedMail) -> bool:
        """Have a mail tried again now; says whether it was still waiting for that.

        Raises `Unavailable` while notifier, or identity, is away.
        """
        answers = [
            await self._ask("POST", f"/{found.id}/retry") for found in await self._find(mail, state="failed")
        ]
        return any(answer.status_code == HTTPStatus.ACCEPTED for answer in answers)

    async def send_again(self, mail: OwedMail, email: str) -> int:
        """Have a mail sent once more to an address.

        Gives the number of the new sending, also where an earlier order for it was carried out already.

        Raises `InvalidFields` for an address that is none, `NotSendable`, `ContentsGone`, or `Unavailable` as
        `retry` does.
        """
        found = next(iter(await self._find(mail)), None)
        if found is None:
            raise NotFound("Notifier knows no such mail")
        if found.sending > mail.sending:
            return found.sending
        order = {"email": email, "after": mail.sending}
        answer = await self._ask("POST", f"/{found.id}/send-again", order)
        if answer.status_code == HTTPStatus.UNPROCESSABLE_ENTITY:
            raise InvalidFields([{"field": "email", "message": "This is not an e-mail address"}])
        if answer.status_code != HTTPStatus.ACCEPTED:
            raise ContentsGone if ContentsGone.slug in answer.text else NotSendable
        return mail.sending + 1

    async def _find(self, mail: OwedMail, **having: str) -> list[Delivery]:
        answer = await self._ask(
            "GET", "", parameters={"request_id": str(mail.request_id), "limit": MAX_LISTED, **having}
        )
        try:
            deliveries = Deliveries.model_validate_json(answer.content).deliveries
        except ValidationError as error:
            raise Unavailable("Notifier's answer cannot be read") from error
        return [
            each for each in deliveries if (each.event_id, each.template) == (mail.event_id, mail.template)
        ]

    async def retry_all(self, events: Sequence[str]) -> list[str]:
        """Have the failed mails of these events tried again now; gives the events that had some.

        Raises `Unavailable` as `retry` does.
        """
        answer = await self._ask("POST", "/retry", body={"events": list(events), "limit": len(events)})
        try:
            return TriedAgain.model_validate_json(answer.content).events
        except ValidationError as error:
            raise Unavailable("Notifier's answer cannot be read") from error

    async def _ask(
        self,
        method: str,
        path: str,
        body: Mapping[str, object] | None = None,
        parameters: Parameters = NOTHING,
    ) -> httpx.Response:
        try:
            answer = await self._credentials.ask(
                SCOPE, method, self._url + path, params=dict(parameters), json=body
            )
        except (httpx.HTTPError, IdentityAway) as error:
            log.warning("notifier_away", reason=type(error).__name__)
            raise Unavailable("Notifier is away") from error
        if answer.status_code in {
            HTTPStatus.OK,
            HTTPStatus.ACCEPTED,
            HTTPStatus.NOT_FOUND,
            HTTPStatus.CONFLICT,
            HTTPStatus.UNPROCESSABLE_ENTITY,
        }:
            return answer
        log.warning("notifier_away", reason=f"status {answer.status_code}")
        raise Unavailable("Notifier is away")
