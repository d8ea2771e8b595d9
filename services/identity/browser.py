"""Signed cookies that recognise a browser, so that a login can only end in the browser that it began in."""

import hashlib
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from itsdangerous import BadSignature, Signer
from starlette.requests import Request
from starlette.responses import Response

from services.identity.keys import digest


@dataclass(frozen=True)
class Browser:
    """A browser: the digest of its random id, and the signed cookie that carries the id."""

    digest: bytes
    cookie: str


class BrowserCookie:
    """A signed cookie with a random id, for one purpose (`name`) and one path. `keys` are newest first.

    The browser keeps it until it is closed, or for `lasts`. Over HTTPS its name begins with `__Host-`, so
    that a sibling host cannot set it. With a path it begins with `__Secure-`, so that an unencrypted page
    cannot.
    """

    def __init__(
        self, keys: Sequence[bytes], name: str, *, path: str, secure: bool, lasts: timedelta | None = None
    ) -> None:
        # itsdangerous signs with the last of its keys.
        self._signer = Signer(
            list(reversed(keys)), salt=f"identity/{name}", key_derivation="hmac", digest_method=hashlib.sha256
        )
        prefix = "__Host-" if path == "/" else "__Secure-"
        self._name, self._path, self._secure = f"{prefix}{name}" if secure else name, path, secure
        self._max_age = None if lasts is None else int(lasts.total_seconds())

    def read(self, request: Request) -> Browser | None:
        """Return the browser that sent a request, or None when it has no valid cookie."""
        cookie = request.cookies.get(self._name, "")
        try:
            return Browser(digest(self._signer.unsign(cookie).decode()), cookie)
        except BadSignature:
            return None

    def read_or_make(self, request: Request) -> Browser:
        """Return the browser that sent a request, or a new one; `write` sets the cookie of a new one."""
        return self.read(request) or self.make()

    def make(self) -> Browser:
        """Return a new browser with a random id."""
        value = secrets.token_urlsafe()
        return Browser(digest(value), self._signer.sign(value).decode())

    def write(self, browser: Browser, response: Response) -> None:
        """Set the cookie. `SameSite=Lax`: links from other sites (a bank) carry it, their forms do not."""
        response.set_cookie(
            self._name,
            browser.cookie,
            max_age=self._max_age,
            path=self._path,
            secure=self._secure,
            httponly=True,
            samesite="lax",
        )


def has_cookies(request: Request) -> bool:
    """Return whether the request has any cookie; the page that starts a login sets one."""
    return bool(request.cookies)
