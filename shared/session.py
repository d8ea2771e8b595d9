"""A browser's session: one encrypted cookie, for half an hour after it was last written."""

import base64
import json
import os
import time
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from starlette.datastructures import MutableHeaders
from starlette.middleware.sessions import Session
from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from shared.logs import get_log

log = get_log(__name__)

SESSION_SECONDS = 30 * 60
NONCE_BYTES = 12
COOKIE_LIMIT = 3_900
EXPIRES = "expires"


class CookieBox:
    """Seals a session into a cookie's value and opens it again; AES-256-GCM, bound to the cookie's name."""

    def __init__(self, key: bytes, cookie: str) -> None:
        self._cipher = AESGCM(key)
        self._bound_to = cookie.encode()

    def seal(self, session: dict[str, Any]) -> str:
        """Give the cookie's value, base64url, without padding."""
        nonce = os.urandom(NONCE_BYTES)
        plain = json.dumps(session | {EXPIRES: int(time.time()) + SESSION_SECONDS}, separators=(",", ":"), ensure_ascii=False).encode()
        return base64.urlsafe_b64encode(nonce + self._cipher.encrypt(nonce, plain, self._bound_to)).decode().rstrip("=")

    def open(self, value: str) -> dict[str, Any]:
        """Give the session; empty when the cookie is too old, was changed, or was sealed with another key."""
        try:
            raw = base64.urlsafe_b64decode(value + "=" * (-len(value) % 4))
            session: dict[str, Any] = json.loads(self._cipher.decrypt(raw[:NONCE_BYTES], raw[NONCE_BYTES:], self._bound_to))
        except (ValueError, InvalidTag):
            return {}
        return session if session.pop(EXPIRES, 0) > time.time() else {}


class EncryptedSession:
    """ASGI middleware that gives `request.session`, as Authlib's Starlette client expects it.

    `name` is the cookie's (cookies of one host are shared by all its ports), `least_needed` what is left out of a session too long for a cookie.
    """

    def __init__(self, app: ASGIApp, key: bytes, *, secure: bool, name: str = "asiointi", least_needed: str = "sent") -> None:
        self.app = app
        self.cookie = f"__Host-{name}" if secure else name
        self._least_needed = least_needed
        self._box = CookieBox(key, self.cookie)
        self._flags = f"Path=/; HttpOnly; SameSite=Lax{'; Secure' if secure else ''}"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Open the cookie before the request and write it after it where something changed."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        cookie = HTTPConnection(scope).cookies.get(self.cookie)
        scope["session"] = session = Session(self._box.open(cookie) if cookie else {})

        async def send_with_cookie(message: Message) -> None:
            if message["type"] == "http.response.start" and session.modified:
                MutableHeaders(scope=message).append("Set-Cookie", self._set_cookie(session))
            await send(message)

        await self.app(scope, receive, send_with_cookie)

    def _set_cookie(self, session: Session) -> str:
        if not session:
            return f"{self.cookie}=; Max-Age=0; {self._flags}"
        value = self._box.seal(session)
        if len(value) > COOKIE_LIMIT:  # browsers drop a cookie over 4,096 bytes without a word
            log.warning("session_trimmed", length=len(value))
            value = self._box.seal({name: what for name, what in session.items() if name != self._least_needed})
        return f"{self.cookie}={value}; Max-Age={SESSION_SECONDS}; {self._flags}"
