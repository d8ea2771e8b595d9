"""One request: who asks and what, what happened, and what may be done with it now."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Form
from fastapi.responses import RedirectResponse, Response

from services.tracker.console.desk import AtDesk, Desk
from services.tracker.console.operator import Unforged
from services.tracker.console.pages import PREFIX
from services.tracker.domain import TEXT_NEEDED, Action, possible_actions
from services.tracker.handle_request import LONGEST_TEXT, By, NotAllowedNow, handle_request
from services.tracker.models import TrackedRequest
from services.tracker.show_request import resolve_id, show_request
from shared.logs import get_log
from shared.problems import InvalidFields

log = get_log(__name__)
routes = APIRouter()

STALE = "Pyyntö on muuttunut sen jälkeen, kun avasit sivun. Mitään ei tehty eikä lähetetty. Katso nykyinen tila ja tee sama uudelleen."
NO_TEXT = "Kirjoita teksti asiakkaalle. Se lähtee hänelle sähköpostilla."
TOO_LONG = f"Lyhennä tekstiä: siinä saa olla enintään {LONGEST_TEXT} merkkiä."


@routes.get("/requests/{number}")
async def show(desk: AtDesk, number: str) -> Response:
    """Show a request; its henkilötunnus stays covered."""
    return await _show(desk, number)


@routes.post("/requests/{number}/reveal", dependencies=[Unforged])
async def reveal(desk: AtDesk, number: str) -> Response:
    """Show the henkilötunnus too, once; who looked is logged."""
    log.info("personal_code_shown", request_id=str(await resolve_id(desk.session, number)), by=desk.operator.username)
    return await _show(desk, number, revealed=True)


@routes.post("/requests/{number}/{action}", dependencies=[Unforged])
async def handle(
    desk: AtDesk, number: str, action: Action, seen: Annotated[datetime | None, Form()] = None, text: Annotated[str, Form()] = ""
) -> Response:
    """Take a step, unless somebody took one since the page was opened; what was typed is never lost."""
    typed = text.replace("\r\n", "\n")
    return await desk.once(lambda: _handle(desk, number, action, seen, typed))


async def _handle(desk: Desk, number: str, action: Action, seen: datetime | None, text: str) -> Response:
    request_id = await resolve_id(desk.session, number)
    request = await desk.session.get(TrackedRequest, request_id, with_for_update=True)
    if request is None or request.changed_at != seen:
        return await _show(desk, number, status=409, problem=STALE, text=text)
    try:
        await handle_request(desk.session, request_id, action, By("staff", desk.operator.username[:100]), text=text, keyring=desk.resources.keyring)
    except NotAllowedNow:
        return await _show(desk, number, status=409, problem=STALE, text=text)
    except InvalidFields:
        return await _show(desk, number, status=422, problem=TOO_LONG if text.strip() else NO_TEXT, text=text)
    return RedirectResponse(f"{PREFIX}/requests/{request.work_number}", status_code=303)


async def _show(desk: Desk, number: str, *, status: int = 200, revealed: bool = False, problem: str = "", text: str = "") -> Response:
    whole = await show_request(desk.session, await resolve_id(desk.session, number), desk.resources.keyring.at_rest)
    possible = possible_actions(whole.request.state, "staff")
    return await desk.render(
        "request.html",
        status=status,
        request=whole.request,
        person=whole.person,
        timeline=whole.timeline,
        with_text=[action for action in possible if action in TEXT_NEEDED],
        plain=[action for action in possible if action not in TEXT_NEEDED and not _is_mine_already(desk, whole.request, action)],
        revealed=revealed,
        problem=problem,
        text=text,
    )


def _is_mine_already(desk: Desk, request: TrackedRequest, action: Action) -> bool:
    return action == "take" and request.state == "in_progress" and request.assignee == desk.operator.username
