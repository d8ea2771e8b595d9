"""A cookie that shows that this browser signed in within a day. It gives access to nothing.

It is apart from the session's cookie, which browsers drop when the session ends. Only texts from the pages of
such a sign-in are kept over the next login, so that strangers cannot fill the database.
"""

import json
import secrets
import time
from collections.abc import Sequence

from fastapi import Request, Response

from shared.crypto.base64url import from_base64url, to_base64url
from shared.crypto.box import Box, CannotDecrypt
from shared.drafts import KEEP_DRAFT

KEPT_SECONDS = int(KEEP_DRAFT.total_seconds())


class EarlierSignIns:
    """`keys` newest first; `name` ends the cookie's name; `secure` where browsers come by HTTPS."""

    def __init__(self, keys: Sequence[bytes], name: str, *, secure: bool) -> None:
        self._box = Box(keys)
        self._cookie = f"{'__Host-' if secure else ''}{name}-earlier"
        self._secure = secure

    def remember(self, response: Response, csrf: str) -> None:
        """Set the cookie; `csrf` is the token in all forms of this sign-in."""
        plain = json.dumps({"csrf": csrf, "until": int(time.time()) + KEPT_SECONDS}).encode()
        value = to_base64url(self._box.encrypt(plain, self._cookie.encode()))
        response.set_cookie(
            self._cookie, value, max_age=KEPT_SECONDS, secure=self._secure, httponly=True, samesite="lax"
        )

    def is_from(self, request: Request, csrf: str) -> bool:
        """True if a form with this token comes from a page of this browser's latest sign-in."""
        try:
            held = json.loads(
                self._box.decrypt(
                    from_base64url(request.cookies.get(self._cookie, "")), self._cookie.encode()
                )
            )
        except (ValueError, CannotDecrypt):
            return False
        return bool(held["until"] > time.time()) and secrets.compare_digest(
            held["csrf"].encode(), csrf.encode(errors="replace")
        )
