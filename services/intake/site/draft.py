"""Drafts of forms: encrypted for one browser, service and person, until the form is sent.

A draft comes back in every tab and language.
"""

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
from services.intake.limits import CallerLimits
from services.intake.site.form_token import NOBODY, FormTokens, owner_of
from shared.crypto.base64url import from_base64url, to_base64url
from shared.drafts import KEEP_DRAFT, DraftKey
from shared.limits.limit import TooMany

SECRET_BYTES = 32
MAX_CHARACTERS = 64 * 1024
"""A longer form is not stored as a draft."""


@dataclass(frozen=True)
class Draft:
    """What was typed, and the form's token.

    `tried`: the form was sent once, with errors. `sent_as` is the request that it became.
    """

    token: str
    values: dict[str, str] = field(default_factory=dict)
    tried: bool = False
    sent_as: UUID | None = None
    sent_at: int = 0

    @classmethod
    def read(cls, content: dict[str, Any]) -> "Draft":
        """Read a draft from its stored form."""
        sent_as = content.get("sent_as")
        return cls(
            content["token"],
            content.get("values", {}),
            content.get("tried", False),
            UUID(sent_as) if sent_as else None,
            content.get("sent_at", 0),
        )

    def content(self) -> dict[str, Any]:
        """Return the stored form; of a draft that was sent it holds nothing that was typed."""
        if self.sent_as:
            return {"token": self.token, "sent_as": str(self.sent_as), "sent_at": self.sent_at}
        return {"token": self.token, "values": self.values, "tried": self.tried}


class BrowserDrafts:
    """The drafts of one browser; half of the key of each draft is in the browser's cookie only."""

    def __init__(
        self,
        request: Request,
        drafts: DraftStore,
        tokens: FormTokens,
        caller_limits: CallerLimits,
        *,
        secure: bool,
    ) -> None:
        self._request = request
        self._doors = caller_limits
        self._drafts = drafts
        self._tokens = tokens
        self._secure = secure
        self._cookie = "__Host-asiointi-draft" if secure else "asiointi-draft"
        held = _secret(request.cookies.get(self._cookie, ""))
        self.known = held is not None
        """True if the browser sent its cookie; without one, nothing is stored for it."""
        self._secret = held or secrets.token_bytes(SECRET_BYTES)

    async def find(self, service: str, person: str) -> Draft | None:
        """Return this person's draft, if there is one."""
        content = (
            await self._drafts.find([self._key(owner) for owner in self._tokens.owners(service, person)])
            if self.known
            else None
        )
        return Draft.read(content) if content else None

    async def keep(self, draft: Draft) -> bool:
        """Store a draft for the person that its token names; true if it was stored."""
        owner = owner_of(draft.token)
        if not self.known or owner is None or sum(map(len, draft.values.values())) > MAX_CHARACTERS:
            return False
        try:
            self._doors.draft(self._request)
        except TooMany:
            return False
        return await self._drafts.keep(self._key(owner), draft.content(), draft.token)

    async def end(self, token: str, request_id: UUID) -> None:
        """Replace what was typed by the id of the request that it became."""
        if self.known and (owner := owner_of(token)) is not None:
            sent = Draft(token, sent_as=request_id, sent_at=int(time.time()))
            await self._drafts.end(
                self._key(owner),
                sent.content(),
                token,
                is_another=lambda kept: _is_begun_elsewhere(kept, token),
            )

    async def forget(self, service: str, person: str) -> None:
        """Remove this person's draft, sent or not."""
        await self._drafts.forget([self._key(owner) for owner in self._tokens.owners(service, person)])

    async def forget_all(self, services: Iterable[str], person: str | None) -> None:
        """Remove the drafts of this browser: those without an identified person, and those of this person.

        A copy of the cookie opens none of them afterwards.
        """
        persons = {NOBODY, person or NOBODY}
        owners = [
            owner for service in services for each in persons for owner in self._tokens.owners(service, each)
        ]
        if self.known:
            await self._drafts.forget([self._key(owner) for owner in owners])

    def remember_browser(self, response: Response) -> None:
        """Set the browser's cookie for another day."""
        response.set_cookie(
            self._cookie,
            to_base64url(self._secret),
            max_age=int(KEEP_DRAFT.total_seconds()),
            path="/",
            secure=self._secure,
            httponly=True,
            samesite="lax",
        )

    def drop_browser(self, response: Response) -> None:
        """Delete the cookie; without it nobody can read a draft that may be left in the store."""
        response.delete_cookie(self._cookie, path="/", secure=self._secure, httponly=True, samesite="lax")

    def _key(self, owner: bytes) -> DraftKey:
        return DraftKey(hmac.digest(self._secret, owner, hashlib.sha256))


def _is_begun_elsewhere(kept: dict[str, Any], token: str) -> bool:
    """True if a form with another token has text typed in this browser that is not sent yet."""
    other = Draft.read(kept)
    return other.token != token and other.sent_as is None and any(other.values.values())


def _secret(cookie: str) -> bytes | None:
    try:
        secret = from_base64url(cookie)
    except ValueError:
        return None
    return secret if len(secret) == SECRET_BYTES else None
