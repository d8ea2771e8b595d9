"""What could never succeed: why, from where, what it holds, and the way back for it."""

import base64
from collections.abc import Sequence
from typing import Annotated

from fastapi import APIRouter, Path, Query
from fastapi.responses import RedirectResponse, Response
from sqlmodel import col, select

from services.tracker.console.desk import AtDesk
from services.tracker.console.operator import Unforged
from services.tracker.console.pages import PREFIX
from services.tracker.console.words import safe_value
from services.tracker.dismiss_dead_letter import dismiss_dead_letter
from services.tracker.list_dead_letters import WAITING
from services.tracker.models import DeadLetter
from services.tracker.redrive_dead_letter import redrive_dead_letter

routes = APIRouter()

LARGEST_ID = 2**63 - 1
A_PAGE = 25
Id = Annotated[int, Path(ge=1, le=LARGEST_ID)]


@routes.get("/dead-letters")
async def show(desk: AtDesk, before: Annotated[int, Query(ge=1, le=LARGEST_ID)] = LARGEST_ID) -> Response:
    """Show those that wait, newest first."""
    found = select(DeadLetter).where(*WAITING, col(DeadLetter.id) < before)
    letters: Sequence[DeadLetter] = (await desk.session.scalars(found.order_by(col(DeadLetter.id).desc()).limit(A_PAGE))).all()
    topics = desk.resources.settings.main_topics
    shown = [(letter, safe_value(letter.key), safe_value(letter.value), _headers(letter), letter.origin_topic in topics) for letter in letters]
    return await desk.render("dead_letters.html", letters=shown, next=letters[-1].id if len(letters) == A_PAGE else None, here="dead-letters")


@routes.post("/dead-letters/{id}/redrive", dependencies=[Unforged])
async def redrive(desk: AtDesk, id: Id) -> Response:  # noqa: A002  the path's name for it
    """Send one back to its topic."""
    resources = desk.resources
    topics = resources.settings.main_topics
    await redrive_dead_letter(desk.session, id, desk.operator.username, resources.producer, resources.lags, resources.keyring, topics)
    return RedirectResponse(f"{PREFIX}/dead-letters", status_code=303)


@routes.post("/dead-letters/{id}/dismiss", dependencies=[Unforged])
async def dismiss(desk: AtDesk, id: Id) -> Response:  # noqa: A002  as above
    """Lay one aside."""
    await dismiss_dead_letter(desk.session, id, desk.operator.username)
    return RedirectResponse(f"{PREFIX}/dead-letters", status_code=303)


def _headers(letter: DeadLetter) -> list[tuple[str, str]]:
    return [(safe_value((name or "").encode()), safe_value(base64.b64decode(value or ""))) for name, value in letter.headers]
