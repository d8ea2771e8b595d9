"""Mails that came back: sent again, also to a corrected address, or settled once somebody has called."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Form
from fastapi.responses import Response

from services.tracker.console.desk import AtDesk, Desk
from services.tracker.console.operator import Unforged
from services.tracker.handle.handle_request import PersonalCodeInText
from services.tracker.mails.returned_mails import MOST_SHOWN, list_returned_mails, settle_returned_mail
from services.tracker.mails.send_mail_again import send_mail_again
from shared.web.problems import InvalidFields

routes = APIRouter()

WRONG = {
    "email": "Osoite ei ole sähköpostiosoite. Tarkista se.",
    "note": "Kirjoita lyhyesti, miten asia hoitui (enintään 1000 merkkiä).",
}
CODE_IN_NOTE = "Jätä henkilötunnus pois: merkintä jää pyynnön tapahtumiin."


@routes.get("/returned-mails")
async def show(desk: AtDesk) -> Response:
    """Show those that wait for a person, the oldest first."""
    return await _show(desk)


@routes.post("/returned-mails/{event_id}/send-again", dependencies=[Unforged])
async def send_again(desk: AtDesk, event_id: UUID, email: Annotated[str, Form()] = "") -> Response:
    """Have one sent again; a wrong address is given back to be mended."""
    given, by = desk.resources, desk.by
    try:
        return await desk.once_then(
            "returned-mails",
            lambda: send_mail_again(
                desk.session,
                str(event_id),
                by,
                returned=True,
                email=email,
                notifier=given.notifier,
                keyring=given.keyring,
            ),
        )
    except InvalidFields:
        return await _show(desk, status=422, wrong=event_id, field="email", typed=email)


@routes.post("/returned-mails/{event_id}/settle", dependencies=[Unforged])
async def settle(desk: AtDesk, event_id: UUID, note: Annotated[str, Form()] = "") -> Response:
    """Settle the matter without the mail."""
    by = desk.by
    try:
        return await desk.once_then(
            "returned-mails", lambda: settle_returned_mail(desk.session, str(event_id), by, note)
        )
    except PersonalCodeInText:
        return await _show(desk, status=422, wrong=event_id, field="note", problem=CODE_IN_NOTE, typed=note)
    except InvalidFields:
        return await _show(desk, status=422, wrong=event_id, field="note", typed=note)


async def _show(
    desk: Desk,
    *,
    status: int = 200,
    wrong: UUID | None = None,
    field: str = "",
    problem: str = "",
    typed: str = "",
) -> Response:
    return await desk.render(
        "returned_mails.html",
        status=status,
        mails=await list_returned_mails(desk.session, desk.resources.keyring, desk.by),
        most=MOST_SHOWN,
        can_send=desk.resources.notifier is not None,
        here="returned-mails",
        wrong=str(wrong),
        field=field,
        problem=problem or WRONG.get(field, ""),
        typed=typed,
    )
