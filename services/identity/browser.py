"""The browser's own cookie: what starts in one browser can only end in the same one."""

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
    """A browser, known by the digest of what its cookie holds."""

    digest: bytes
    cookie: str


class BrowserCookie:
    """A signed cookie with a random text; one per purpose (`name`) under one path. `keys` newest first.

    It is kept for as long as the browser runs, or `lasts`. Under HTTPS its name begins with `__Host-`, so that no sibling host can plant one, or,
    where it has a path, with `__Secure-`, so that no unencrypted page can.
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
        """Give the browser that sent a request, or None when it has no cookie of ours."""
        cookie = request.cookies.get(self._name, "")
        try:
            return Browser(digest(self._signer.unsign(cookie).decode()), cookie)
        except BadSignature:
            return None

    def read_or_make(self, request: Request) -> Browser:
        """Give the browser that sent a request; a new one gets its cookie with `write`."""
        return self.read(request) or self.make()

    def make(self) -> Browser:
        """Give a browser that has no cookie yet."""
        value = secrets.token_urlsafe()
        return Browser(digest(value), self._signer.sign(value).decode())

    def write(self, browser: Browser, response: Response) -> None:
        """Give the browser its cookie; a link from another site may bring it along (the bank's way back), a form may not."""
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
    """Say whether a browser that has seen a page of ours before has kept any cookie."""
    return bool(request.cookies)
