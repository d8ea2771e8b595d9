"""One request: who asks and what, what happened, and what may be done with it now."""

from datetime import datetime
from http import HTTPStatus
from typing import Annotated, TypeAlias

from fastapi import APIRouter, Form, Query
from fastapi.responses import RedirectResponse, Response
from pydantic import AfterValidator

from services.tracker.console.desk import AtDesk, Desk
from services.tracker.console.draft import find_text, forget_text, keep_text
from services.tracker.console.operator import Unforged
from services.tracker.console.pages import PREFIX
from services.tracker.domain import TEXT_NEEDED, Action, possible_actions
from services.tracker.find.show_request import resolve_id, show_request
from services.tracker.handle.handle_request import (
    LONGEST_TEXT,
    ContentsRemoved,
    NotAllowedNow,
    PersonalCodeInText,
    handle_request,
)
from services.tracker.models import TrackedRequest
from shared.text.kept_text import can_be_kept
from shared.text.personal_codes import hide_lookalikes
from shared.text.typed_text import visible
from shared.web.problems import InvalidFields

routes = APIRouter()

Typed: TypeAlias = Annotated[str, Form(), AfterValidator(lambda text: text.replace("\r\n", "\n"))]
"""A text as it was typed: browsers send its lines ended by two characters."""

STALE = "Pyyntö on muuttunut sen jälkeen, kun avasit sivun. Mitään ei tehty eikä lähetetty. Katso nykyinen tila ja tee sama uudelleen."
REMOVED = "Pyynnön sisältö on poistettu, koska säilytysaika päättyi. Mitään ei tehty eikä lähetetty."
NO_TEXT = "Kirjoita teksti asiakkaalle. Se lähtee hänelle sähköpostilla."
LONGEST_REASON = 300
REASON_NEEDED = (
    f"Kirjoita, miksi henkilötunnus on nähtävä (enintään {LONGEST_REASON} merkkiä). Syy jää katselulokiin."
)
CODE_IN_TEXT = (
    "Jätä henkilötunnus pois tekstistä: teksti lähtee asiakkaalle sähköpostilla. Mitään ei lähetetty."
)
TOO_LONG = f"Lyhennä tekstiä: siinä saa olla enintään {LONGEST_TEXT} merkkiä."


@routes.get("/requests/{number}")
async def show(desk: AtDesk, number: str, typed: Annotated[str, Query(max_length=64)] = "") -> Response:
    """Show a request with what the operator has typed; its henkilötunnus stays covered. `typed` leads to a text from before the login."""
    return await _show(
        desk, number, text=await find_text(desk, await resolve_id(desk.session, number), typed)
    )


@routes.post("/requests/{number}/reveal", dependencies=[Unforged])
async def reveal(desk: AtDesk, number: str, reason: Typed = "", text: Typed = "") -> Response:
    """Show the henkilötunnus too, once; who looked is recorded, with the reason."""
    typed = hide_lookalikes(visible(reason))
    if not can_be_kept(typed) or not 0 < len(typed) <= LONGEST_REASON:
        return await _show(desk, number, status=422, problem=REASON_NEEDED, reason=typed, text=text)
    return await _show(desk, number, revealed=True, reason=typed, text=text)


@routes.post("/requests/{number}/draft", dependencies=[Unforged])
async def keep(desk: AtDesk, number: str, text: Typed = "") -> Response:
    """Keep what is typed while it is typed."""
    await keep_text(desk, await resolve_id(desk.session, number), text)
    return Response(status_code=HTTPStatus.NO_CONTENT)


@routes.post("/requests/{number}/{action}", dependencies=[Unforged])
async def handle(
    desk: AtDesk,
    number: str,
    action: Action,
    seen: Annotated[datetime | None, Form()] = None,
    text: Typed = "",
) -> Response:
    """Take a step, unless somebody took one since the page was opened; what was typed is never lost."""
    return await desk.once(lambda: _handle(desk, number, action, seen, text))


async def _handle(desk: Desk, number: str, action: Action, seen: datetime | None, text: str) -> Response:
    request_id = await resolve_id(desk.session, number)
    request = await desk.session.get(TrackedRequest, request_id, with_for_update=True)
    if request is None or request.changed_at != seen:
        return await _show(desk, number, status=409, problem=STALE, text=text)
    try:
        await handle_request(
            desk.session, request_id, action, desk.by, text=text, keyring=desk.resources.keyring
        )
    except NotAllowedNow:
        return await _show(desk, number, status=409, problem=STALE, text=text)
    except PersonalCodeInText:
        return await _show(desk, number, status=422, problem=CODE_IN_TEXT, text=text)
    except ContentsRemoved:
        return await _show(desk, number, status=409, problem=REMOVED, text=text)
    except InvalidFields:
        return await _show(desk, number, status=422, problem=TOO_LONG if text.strip() else NO_TEXT, text=text)
    if action in TEXT_NEEDED:
        await forget_text(desk, request_id)
    else:
        await keep_text(desk, request_id, text)
    return RedirectResponse(f"{PREFIX}/requests/{request.work_number}", status_code=303)


async def _show(
    desk: Desk,
    number: str,
    *,
    status: int = 200,
    revealed: bool = False,
    reason: str = "",
    problem: str = "",
    text: str = "",
) -> Response:
    request_id = await resolve_id(desk.session, number)
    if text:
        await keep_text(desk, request_id, text)
    keyring, why = desk.resources.keyring, reason if revealed else None
    whole = await show_request(desk.session, request_id, keyring, desk.by, revealed=revealed, reason=why)
    possible = () if whole.request.erased_at else possible_actions(whole.request.state, "staff")
    return await desk.render(
        "request.html",
        status=status,
        request=whole.request,
        person=whole.person,
        answers=whole.answers,
        timeline=whole.timeline,
        with_text=[action for action in possible if action in TEXT_NEEDED],
        plain=[
            action
            for action in possible
            if action not in TEXT_NEEDED and not _is_mine_already(desk, whole.request, action)
        ],
        revealed=revealed,
        reason=reason,
        asks_reason=problem == REASON_NEEDED,
        problem=problem,
        text=text,
    )


def _is_mine_already(desk: Desk, request: TrackedRequest, action: Action) -> bool:
    return action == "take" and request.state == "in_progress" and request.assignee == desk.operator.username
