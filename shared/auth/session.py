"""Browser sessions in one encrypted cookie, valid for half an hour after it was last written."""

import json
import secrets
import time
from collections.abc import Sequence
from typing import Any

from starlette.datastructures import MutableHeaders
from starlette.middleware.sessions import Session
from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from shared.crypto.base64url import from_base64url, to_base64url
from shared.crypto.box import Box, CannotDecrypt
from shared.process.logs import get_log

log = get_log(__name__)

SESSION_SECONDS = 30 * 60
COOKIE_LIMIT = 3_900
EXPIRES = "expires"
SESSION_ID = "id"
"""The session's key for its id. All its cookies hold the same id, so that all can be ended.

See `ended_sessions.py`.
"""


class CookieBox:
    """Encrypts and decrypts a session for a cookie's value, bound to the cookie's name.

    `keys` newest first.
    """

    def __init__(self, keys: Sequence[bytes], cookie: str) -> None:
        self._box = Box(keys, old_prefix=b"")
        self._bound_to = cookie.encode()

    def seal(self, session: dict[str, Any]) -> str:
        """Return the cookie's value, base64url without padding."""
        plain = json.dumps(
            session | {EXPIRES: int(time.time()) + SESSION_SECONDS}, separators=(",", ":"), ensure_ascii=False
        ).encode()
        return to_base64url(self._box.encrypt(plain, self._bound_to))

    def open(self, value: str) -> dict[str, Any]:
        """Return the session; empty if the cookie has expired, was changed, or is under an unknown key."""
        try:
            session: dict[str, Any] = json.loads(self._box.decrypt(from_base64url(value), self._bound_to))
        except (ValueError, CannotDecrypt):
            return {}
        return session if session.pop(EXPIRES, 0) > time.time() else {}


class EncryptedSession:
    """ASGI middleware that provides `request.session`, as Authlib's Starlette client expects it.

    `name` is the cookie's (cookies of one host are shared by all its ports); `least_needed` is dropped from a
    session that is too long for a cookie.
    """

    def __init__(
        self,
        app: ASGIApp,
        keys: Sequence[bytes],
        *,
        secure: bool,
        name: str = "asiointi",
        least_needed: str = "sent",
    ) -> None:
        self.app = app
        self.cookie = f"__Host-{name}" if secure else name
        self._least_needed = least_needed
        self._box = CookieBox(keys, self.cookie)
        self._flags = f"Path=/; HttpOnly; SameSite=Lax{'; Secure' if secure else ''}"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Read the cookie before the request and write it afterwards if the session changed."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        cookie = HTTPConnection(scope).cookies.get(self.cookie)
        scope["session"] = session = Session(self._box.open(cookie) if cookie else {})

        opened = session.get(SESSION_ID)

        async def send_with_cookie(message: Message) -> None:
            # A session that was ended meanwhile is not set again: the browser may have a new one by now.
            if (
                message["type"] == "http.response.start"
                and session.modified
                and not await _was_ended(scope, session, opened)
            ):
                MutableHeaders(scope=message).append("Set-Cookie", self._set_cookie(session))
            await send(message)

        await self.app(scope, receive, send_with_cookie)

    def _set_cookie(self, session: Session) -> str:
        if not session:
            return f"{self.cookie}=; Max-Age=0; {self._flags}"
        session.setdefault(SESSION_ID, secrets.token_urlsafe(16))
        value = self._box.seal(session)
        if len(value) > COOKIE_LIMIT:  # browsers silently drop a cookie over 4,096 bytes
            log.warning("session_trimmed", length=len(value))
            value = self._box.seal(
                {name: what for name, what in session.items() if name != self._least_needed}
            )
        return f"{self.cookie}={value}; Max-Age={SESSION_SECONDS}; {self._flags}"


async def _was_ended(scope: Scope, session: Session, opened: str | None) -> bool:
    """True if the session of a request was ended while the request was handled."""
    ended = (
        getattr(scope["app"].state, "ended_sessions", None)
        if opened and session.get(SESSION_ID) == opened
        else None
    )
    return ended is not None and await ended.has_ended(opened)
