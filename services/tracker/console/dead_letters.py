"""The page of dead letters: why and from where each came; send one back to its topic, or settle it."""

import base64
from typing import Annotated

from fastapi import APIRouter, Form, Path, Query
from fastapi.responses import Response

from services.tracker.console.console_request import GivenConsole
from services.tracker.console.operator import Unforged
from services.tracker.console.safe_value import safe_value
from services.tracker.domain import By
from services.tracker.models import DeadLetter
from services.tracker.trouble.dead_letters import (
    can_go_back,
    list_dead_letters,
    send_dead_letter_again,
    settle_dead_letter,
)

routes = APIRouter()

LARGEST_ID = 2**63 - 1
A_PAGE = 25
Id = Annotated[int, Path(ge=1, le=LARGEST_ID)]


@routes.get("/dead-letters")
async def show(
    console: GivenConsole, before: Annotated[int, Query(ge=1, le=LARGEST_ID)] = LARGEST_ID
) -> Response:
    """Show those that are not settled, the newest first."""
    letters = await list_dead_letters(console.session, before=before, limit=A_PAGE)
    topics = console.resources.settings.main_topics
    shown = [
        (
            letter,
            safe_value(letter.key),
            safe_value(letter.value),
            _headers(letter),
            can_go_back(letter, topics),
        )
        for letter in letters
    ]
    return await console.render(
        "dead_letters.html",
        letters=shown,
        next=letters[-1].id if len(letters) == A_PAGE else None,
        here="dead-letters",
    )


@routes.post("/dead-letters/{id}/again", dependencies=[Unforged])
@routes.post("/dead-letters/{id}/redrive", dependencies=[Unforged])
async def again(console: GivenConsole, id: Id) -> Response:  # noqa: A002  the path's name for it
    """Send one back to its topic."""
    given, by = console.resources, console.operator.username
    return await console.once_then(
        "dead-letters",
        lambda: send_dead_letter_again(
            console.session, id, by, given.producer, given.lags, given.keyring, given.settings.main_topics
        ),
    )


@routes.post("/dead-letters/{id}/settle", dependencies=[Unforged])
@routes.post("/dead-letters/{id}/dismiss", dependencies=[Unforged])
async def settle(console: GivenConsole, id: Id, note: Annotated[str, Form()] = "") -> Response:  # noqa: A002  as above
    """Settle one with a note; for an accepted request the note says what its citizen was told."""
    by = By("staff", console.operator.username)
    return await console.once_then("dead-letters", lambda: settle_dead_letter(console.session, id, by, note))


def _headers(letter: DeadLetter) -> list[tuple[str, str]]:
    return [
        (safe_value((name or "").encode()), safe_value(base64.b64decode(value or "")))
        for name, value in letter.headers
    ]
