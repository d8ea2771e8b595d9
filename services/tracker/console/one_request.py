"""The page of one request: person, answers, timeline, and the actions that are possible now."""

from datetime import datetime
from http import HTTPStatus
from typing import Annotated, Literal, TypeAlias

from fastapi import APIRouter, Form, Query
from fastapi.responses import RedirectResponse, Response
from pydantic import AfterValidator

from services.tracker.console.console_request import ConsoleRequest, GivenConsole
from services.tracker.console.draft import find_text, forget_text, keep_text
from services.tracker.console.operator import Unforged
from services.tracker.console.pages import PREFIX
from services.tracker.domain import TEXT_NEEDED, Action, possible_actions
from services.tracker.find.show_request import resolve_id, show_request
from services.tracker.handle.handle_request import (
    MAX_TEXT_LENGTH,
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
"""A text as it was typed: browsers send CRLF as the line end."""

Trouble: TypeAlias = Literal["", "stale", "removed", "no_text", "too_long", "reason_needed", "code_in_text"]
"""Why nothing was done: a key of the texts' `request.problems`."""

MAX_REASON_LENGTH = 300


@routes.get("/requests/{number}")
async def show(
    console: GivenConsole, number: str, typed: Annotated[str, Query(max_length=64)] = ""
) -> Response:
    """Show a request with what the operator has typed; the henkilötunnus stays masked.

    `typed` is the key of a text that was kept over a login.
    """
    return await _show(
        console, number, text=await find_text(console, await resolve_id(console.session, number), typed)
    )


@routes.post("/requests/{number}/reveal", dependencies=[Unforged])
async def reveal(console: GivenConsole, number: str, reason: Typed = "", text: Typed = "") -> Response:
    """Show the henkilötunnus too, once; the read is recorded with the operator and the reason."""
    typed = hide_lookalikes(visible(reason))
    if not can_be_kept(typed) or not 0 < len(typed) <= MAX_REASON_LENGTH:
        return await _show(console, number, status=422, problem="reason_needed", reason=typed, text=text)
    return await _show(console, number, revealed=True, reason=typed, text=text)


@routes.post("/requests/{number}/draft", dependencies=[Unforged])
async def keep(console: GivenConsole, number: str, text: Typed = "") -> Response:
    """Keep a draft; the page sends it while the operator types."""
    await keep_text(console, await resolve_id(console.session, number), text)
    return Response(status_code=HTTPStatus.NO_CONTENT)


@routes.post("/requests/{number}/{action}", dependencies=[Unforged])
async def handle(
    console: GivenConsole,
    number: str,
    action: Action,
    seen: Annotated[datetime | None, Form()] = None,
    text: Typed = "",
) -> Response:
    """Take an action, unless the request has changed since the page was opened.

    What was typed is never lost.
    """
    return await console.once(lambda: _handle(console, number, action, seen, text))


async def _handle(
    console: ConsoleRequest, number: str, action: Action, seen: datetime | None, text: str
) -> Response:
    request_id = await resolve_id(console.session, number)
    request = await console.session.get(TrackedRequest, request_id, with_for_update=True)
    if request is None or request.changed_at != seen:
        return await _show(console, number, status=409, problem="stale", text=text)
    try:
        await handle_request(
            console.session, request_id, action, console.by, text=text, keyring=console.resources.keyring
        )
    except NotAllowedNow:
        return await _show(console, number, status=409, problem="stale", text=text)
    except PersonalCodeInText:
        return await _show(console, number, status=422, problem="code_in_text", text=text)
    except ContentsRemoved:
        return await _show(console, number, status=409, problem="removed", text=text)
    except InvalidFields:
        problem: Trouble = "too_long" if text.strip() else "no_text"
        return await _show(console, number, status=422, problem=problem, text=text)
    if action in TEXT_NEEDED:
        await forget_text(console, request_id)
    else:
        await keep_text(console, request_id, text)
    return RedirectResponse(f"{PREFIX}/requests/{request.work_number}", status_code=303)


async def _show(
    console: ConsoleRequest,
    number: str,
    *,
    status: int = 200,
    revealed: bool = False,
    reason: str = "",
    problem: Trouble = "",
    text: str = "",
) -> Response:
    request_id = await resolve_id(console.session, number)
    if text:
        await keep_text(console, request_id, text)
    keyring, why = console.resources.keyring, reason if revealed else None
    shown = await show_request(
        console.session, request_id, keyring, console.by, revealed=revealed, reason=why
    )
    possible = () if shown.request.erased_at else possible_actions(shown.request.state, "staff")
    return await console.render(
        "request.html",
        status=status,
        request=shown.request,
        person=shown.person,
        answers=shown.answers,
        timeline=shown.timeline,
        with_text=[action for action in possible if action in TEXT_NEEDED],
        plain=[
            action
            for action in possible
            if action not in TEXT_NEEDED and not _is_mine_already(console, shown.request, action)
        ],
        revealed=revealed,
        reason=reason,
        asks_reason=problem == "reason_needed",
        problem=problem,
        longest_text=MAX_TEXT_LENGTH,
        longest_reason=MAX_REASON_LENGTH,
        text=text,
    )


def _is_mine_already(console: ConsoleRequest, request: TrackedRequest, action: Action) -> bool:
    return (
        action == "take" and request.state == "in_progress" and request.assignee == console.operator.username
    )
