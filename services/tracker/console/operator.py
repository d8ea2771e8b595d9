"""Who sits at the console: from the session, for every page; and the token that every change has to bring."""

import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, TypeAlias

from fastapi import Depends, Form, Request

from shared.problems import Problem

ROLE = "operator"
LONGEST_SECONDS = 10 * 3600
REFRESH_SECONDS = 60


class NotSignedIn(Exception):
    """Nobody is signed in, or no longer; whoever asks is led to the login."""


class ForgedForm(Problem):
    """403: a change came without the token of the page it should come from."""

    status = 403
    slug = "forged-form"
    title = "The form does not come from this console"


@dataclass(frozen=True, slots=True)
class Operator:
    """A member of staff; `username` goes into histories, `csrf` into every form."""

    username: str
    name: str
    csrf: str


def sign_in_operator(session: dict[str, Any], claims: dict[str, Any]) -> bool:
    """Begin a session for the person of an ID token; False where that person has not the role."""
    session.clear()
    if ROLE not in claims.get("roles", ()):
        return False
    username = str(claims["preferred_username"])[:100]
    now = int(time.time())
    session.update(username=username, name=str(claims.get("name", username))[:200], csrf=secrets.token_urlsafe(24), since=now, seen=now)
    return True


def is_signed_in(session: Mapping[str, Any], now: int) -> bool:
    """Say whether a session is somebody's, and not too old; `now` in seconds since 1970."""
    return "username" in session and now - session["since"] <= LONGEST_SECONDS


async def _operator(request: Request) -> Operator:
    session, now = request.session, int(time.time())
    if not is_signed_in(session, now):
        raise NotSignedIn
    if now - session["seen"] > REFRESH_SECONDS:
        session["seen"] = now
    return Operator(session["username"], session["name"], session["csrf"])


SignedIn: TypeAlias = Annotated[Operator, Depends(_operator)]


async def _unforged(operator: SignedIn, csrf: Annotated[str, Form()] = "") -> None:
    if not secrets.compare_digest(csrf.encode(), operator.csrf.encode()):
        raise ForgedForm


Unforged = Depends(_unforged)
"""For every route that changes or reveals something."""
