"""Stores each attempt to sign in in an encrypted cookie of its own, so that tabs do not interfere."""

import hashlib
import time
from collections.abc import Sequence
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from shared.auth.session import SESSION_SECONDS, CookieBox

LATEST_KEPT = 8
"""Attempts kept for one browser; more would exceed the header size that servers accept."""


class SignInAttempts:
    """Stores the data of one attempt, identified by its `state`, for half an hour.

    `keys` newest first; `name` begins the cookies' names; `secure` where browsers use HTTPS.
    """

    def __init__(self, keys: Sequence[bytes], name: str, *, secure: bool) -> None:
        self._keys = keys
        self._prefix = f"{'__Host-' if secure else ''}{name}-attempt-"
        self._secure = secure

    def keep(self, request: Request, response: Response, state: str, attempt: dict[str, Any]) -> None:
        """Set the attempt's cookie; the oldest attempts are dropped."""
        for cookie in self._held(request)[: -LATEST_KEPT + 1]:
            self._drop(response, cookie)
        cookie = f"{self._prefix}{time.time_ns() // 1_000_000:x}-{_digest(state)}"
        value = CookieBox(self._keys, cookie).seal(attempt)
        response.set_cookie(
            cookie, value, max_age=SESSION_SECONDS, secure=self._secure, httponly=True, samesite="lax"
        )

    def recall(self, request: Request, state: str) -> dict[str, Any]:
        """Return the attempt that this browser began with `state`.

        Empty if there is none or it has expired.
        """
        for cookie in self._held(request, state):
            return CookieBox(self._keys, cookie).open(request.cookies[cookie])
        return {}

    def end(self, request: Request, response: Response, state: str) -> None:
        """Delete the attempt's cookie."""
        for cookie in self._held(request, state):
            self._drop(response, cookie)

    def _held(self, request: Request, state: str | None = None) -> list[str]:
        """Return the names of the browser's attempt cookies, oldest first, or of the one with `state`."""
        ending = "" if state is None else f"-{_digest(state)}"
        return sorted(
            cookie
            for cookie in request.cookies
            if cookie.startswith(self._prefix) and cookie.endswith(ending)
        )

    def _drop(self, response: Response, cookie: str) -> None:
        response.delete_cookie(cookie, secure=self._secure, httponly=True, samesite="lax")


def _digest(state: str) -> str:
    return hashlib.sha256(state.encode(errors="replace")).hexdigest()[:24]
