"""The signed-in operator of each page, read from the session; and the CSRF token that every change needs."""

import secrets
import time
from dataclasses import dataclass
from typing import Annotated, Any, TypeAlias

from fastapi import Depends, Form, Request

from services.tracker.resources import GivenResources
from shared.web.problems import Problem

ROLE = "operator"
MAX_SECONDS = 10 * 3600
REFRESH_SECONDS = 60


class NotSignedIn(Exception):
    """Nobody is signed in, or the session has ended; answered with a redirect to the login."""


class ForgedForm(Problem):
    """403: a change came without the CSRF token of its page."""

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
    """Begin a session for the person of an ID token; False if that person lacks the role.

    A person who is signed in already keeps the CSRF token, so that pages in other tabs still work.
    """
    earlier = dict(session)
    session.clear()
    if ROLE not in _roles(claims.get("roles")):
        return False
    username = str(claims["preferred_username"])[:100]
    now = int(time.time())
    csrf = earlier["csrf"] if earlier.get("username") == username else secrets.token_urlsafe(24)
    session.update(
        username=username, name=str(claims.get("name", username))[:200], csrf=csrf, since=now, seen=now
    )
    session.update(subject=str(claims["sub"]), epoch=claims.get("epoch"))
    return True


def _roles(claim: object) -> list[object]:
    """Return the roles of a claim, which is a list or one role."""
    return claim if isinstance(claim, list) else [claim]


async def _on_duty(request: Request, resources: GivenResources) -> Operator:
    session = request.session
    if "epoch" not in session or int(time.time()) - session["since"] > MAX_SECONDS:
        raise NotSignedIn
    # A provider other than ours may send no epoch; then sessions end by sign-out and by their age alone.
    if session["epoch"] is not None and not await resources.staff.is_current(
        session["subject"], session["epoch"]
    ):
        raise NotSignedIn
    return Operator(session["username"], session["name"], session["csrf"])


OnDuty: TypeAlias = Annotated[Operator, Depends(_on_duty)]
"""The signed-in operator, without extending the session."""


async def _operator(request: Request, operator: OnDuty) -> Operator:
    session, now = request.session, int(time.time())
    if now - session["seen"] > REFRESH_SECONDS:
        session["seen"] = now
    return operator


SignedIn: TypeAlias = Annotated[Operator, Depends(_operator)]


async def _unforged(operator: SignedIn, csrf: Annotated[str, Form()] = "") -> None:
    if not secrets.compare_digest(csrf.encode(), operator.csrf.encode()):
        raise ForgedForm


Unforged = Depends(_unforged)
"""Checks the CSRF token: for every route that changes or reveals something."""
