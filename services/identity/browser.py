"""The browser's own cookie: what starts in one browser can only end in the same one."""

import hashlib
import secrets
from collections.abc import Sequence
from dataclasses import dataclass

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
    """A signed cookie with a random text, for as long as the browser runs; one per purpose (`name`) under one path. `keys` newest first."""

    def __init__(self, keys: Sequence[bytes], name: str, *, path: str, secure: bool) -> None:
        # itsdangerous signs with the last of its keys.
        self._signer = Signer(list(reversed(keys)), salt=f"identity/{name}", key_derivation="hmac", digest_method=hashlib.sha256)
        self._name, self._path, self._secure = name, path, secure

    def read(self, request: Request) -> Browser | None:
        """Give the browser that sent a request, or None when it has no cookie of ours."""
        cookie = request.cookies.get(self._name, "")
        try:
            return Browser(digest(self._signer.unsign(cookie).decode()), cookie)
        except BadSignature:
            return None

    def read_or_make(self, request: Request) -> Browser:
        """Give the browser that sent a request; a new one gets its cookie with `write`."""
        known = self.read(request)
        if known:
            return known
        value = secrets.token_urlsafe()
        return Browser(digest(value), self._signer.sign(value).decode())

    def write(self, browser: Browser, response: Response) -> None:
        """Give the browser its cookie; a link from another site may bring it along (the bank's way back), a form may not."""
        response.set_cookie(self._name, browser.cookie, path=self._path, secure=self._secure, httponly=True, samesite="lax")
