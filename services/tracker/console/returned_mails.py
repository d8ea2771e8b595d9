"""The page of returned mails: send one again, if needed to a corrected address, or settle it with a note."""

from typing import Annotated, Literal, TypeAlias
from uuid import UUID

from fastapi import APIRouter, Form
from fastapi.responses import Response

from services.tracker.console.console_request import ConsoleRequest, GivenConsole
from services.tracker.console.operator import Unforged
from services.tracker.handle.handle_request import PersonalCodeInText
from services.tracker.mails.returned_mails import MAX_SHOWN, list_returned_mails, settle_returned_mail
from services.tracker.mails.send_mail_again import send_mail_again
from services.tracker.trouble.settle_note import MAX_NOTE_LENGTH
from shared.web.problems import InvalidFields

routes = APIRouter()

Trouble: TypeAlias = Literal["", "email", "note", "personal_code"]
"""What is wrong with what was typed: a key of the texts' `mail_problems`."""


@routes.get("/returned-mails")
async def show(console: GivenConsole) -> Response:
    """Show those that are not settled, the oldest first."""
    return await _show(console)


@routes.post("/returned-mails/{event_id}/send-again", dependencies=[Unforged])
async def send_again(console: GivenConsole, event_id: UUID, email: Annotated[str, Form()] = "") -> Response:
    """Have one sent again; show an invalid address again, to be corrected."""
    given, by = console.resources, console.by
    try:
        return await console.once_then(
            "returned-mails",
            lambda: send_mail_again(
                console.session,
                str(event_id),
                by,
                returned=True,
                email=email,
                notifier=given.notifier,
                keyring=given.keyring,
            ),
        )
    except InvalidFields:
        return await _show(console, status=422, wrong=event_id, problem="email", typed=email)


@routes.post("/returned-mails/{event_id}/settle", dependencies=[Unforged])
async def settle(console: GivenConsole, event_id: UUID, note: Annotated[str, Form()] = "") -> Response:
    """Settle one without the mail."""
    by = console.by
    try:
        return await console.once_then(
            "returned-mails", lambda: settle_returned_mail(console.session, str(event_id), by, note)
        )
    except PersonalCodeInText:
        return await _show(console, status=422, wrong=event_id, problem="personal_code", typed=note)
    except InvalidFields:
        return await _show(console, status=422, wrong=event_id, problem="note", typed=note)


async def _show(
    console: ConsoleRequest,
    *,
    status: int = 200,
    wrong: UUID | None = None,
    problem: Trouble = "",
    typed: str = "",
) -> Response:
    return await console.render(
        "returned_mails.html",
        status=status,
        mails=await list_returned_mails(console.session, console.resources.keyring, console.by),
        most=MAX_SHOWN,
        can_send=console.resources.notifier is not None,
        here="returned-mails",
        wrong=str(wrong),
        field="note" if problem == "personal_code" else problem,
        problem=problem,
        longest_note=MAX_NOTE_LENGTH,
        typed=typed,
    )
