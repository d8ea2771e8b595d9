"""The draft of a form: it belongs to a browser, a service and a person, and comes back in any tab and language until it is sent."""

import hashlib
import hmac
import secrets
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response

from services.intake.form.draft_store import DraftStore
from services.intake.limits import Doors
from services.intake.site.form_token import NOBODY, FormTokens, owner_of
from shared.crypto.base64url import from_base64url, to_base64url
from shared.drafts import KEPT, DraftKey
from shared.limits.limit import TooMany

SECRET_BYTES = 32
MOST_CHARACTERS = 64 * 1024
"""A longer form is sent, or comes back, without being kept."""


@dataclass(frozen=True)
class Draft:
    """What was typed, and under which token; `tried`: it was sent once, with errors. `sent_as` is the request that it became."""

    token: str
    values: dict[str, str] = field(default_factory=dict)
    tried: bool = False
    sent_as: UUID | None = None
    sent_at: int = 0

    @classmethod
    def read(cls, content: dict[str, Any]) -> "Draft":
        """Read what is kept in the store."""
        sent_as = content.get("sent_as")
        return cls(
            content["token"],
            content.get("values", {}),
            content.get("tried", False),
            UUID(sent_as) if sent_as else None,
            content.get("sent_at", 0),
        )

    def content(self) -> dict[str, Any]:
        """Give what is kept in the store: of one that was sent, nothing that was typed."""
        if self.sent_as:
            return {"token": self.token, "sent_as": str(self.sent_as), "sent_at": self.sent_at}
        return {"token": self.token, "values": self.values, "tried": self.tried}


class BrowserDrafts:
    """The drafts of one browser: its cookie is the half of each draft's key that the store does not have."""

    def __init__(
        self, request: Request, drafts: DraftStore, tokens: FormTokens, doors: Doors, *, secure: bool
    ) -> None:
        self._request = request
        self._doors = doors
        self._drafts = drafts
        self._tokens = tokens
        self._secure = secure
        self._cookie = "__Host-asiointi-draft" if secure else "asiointi-draft"
        held = _secret(request.cookies.get(self._cookie, ""))
        self.known = held is not None
        """Whether the browser has shown its cookie: another one may keep none."""
        self._secret = held or secrets.token_bytes(SECRET_BYTES)

    async def find(self, service: str, person: str) -> Draft | None:
        """Give this person's draft."""
        content = (
            await self._drafts.find([self._key(owner) for owner in self._tokens.owners(service, person)])
            if self.known
            else None
        )
        return Draft.read(content) if content else None

    async def keep(self, draft: Draft) -> bool:
        """Keep a draft for whom its token names, and say whether it is kept."""
        owner = owner_of(draft.token)
        if not self.known or owner is None or sum(map(len, draft.values.values())) > MOST_CHARACTERS:
            return False
        try:
            self._doors.draft(self._request)
        except TooMany:
            return False
        return await self._drafts.keep(self._key(owner), draft.content(), draft.token)

    async def end(self, token: str, request_id: UUID) -> None:
        """Forget what was typed, now that it is sent, and keep as which request."""
        if self.known and (owner := owner_of(token)) is not None:
            sent = Draft(token, sent_as=request_id, sent_at=int(time.time()))
            await self._drafts.end(
                self._key(owner),
                sent.content(),
                token,
                is_another=lambda kept: _is_begun_elsewhere(kept, token),
            )

    async def forget(self, service: str, person: str) -> None:
        """Forget this person's draft, sent or not."""
        await self._drafts.forget([self._key(owner) for owner in self._tokens.owners(service, person)])

    async def forget_all(self, services: Iterable[str], person: str | None) -> None:
        """Forget what was typed in this browser for any of the services, by nobody known or by this person: no copy of its cookie opens it."""
        persons = {NOBODY, person or NOBODY}
        owners = [
            owner for service in services for each in persons for owner in self._tokens.owners(service, each)
        ]
        if self.known:
            await self._drafts.forget([self._key(owner) for owner in owners])

    def remember_browser(self, response: Response) -> None:
        """Give the browser its cookie for another day."""
        response.set_cookie(
            self._cookie,
            to_base64url(self._secret),
            max_age=int(KEPT.total_seconds()),
            path="/",
            secure=self._secure,
            httponly=True,
            samesite="lax",
        )

    def drop_browser(self, response: Response) -> None:
        """Take the cookie away: without it nobody can read what may be left in the store."""
        response.delete_cookie(self._cookie, path="/", secure=self._secure, httponly=True, samesite="lax")

    def _key(self, owner: bytes) -> DraftKey:
        return DraftKey(hmac.digest(self._secret, owner, hashlib.sha256))


def _is_begun_elsewhere(kept: dict[str, Any], token: str) -> bool:
    """Say whether another form than that of a token was typed here and is not sent yet."""
    other = Draft.read(kept)
    return other.token != token and other.sent_as is None and any(other.values.values())


def _secret(cookie: str) -> bytes | None:
    try:
        secret = from_base64url(cookie)
    except ValueError:
        return None
    return secret if len(secret) == SECRET_BYTES else None
