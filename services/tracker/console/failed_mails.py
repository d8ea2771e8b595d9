"""Mails that did not reach their readers: tried again, or settled once somebody has called."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Form
from fastapi.responses import Response

from services.tracker.console.desk import AtDesk, Desk
from services.tracker.console.operator import Unforged
from services.tracker.mails.failed_mails import (
    MOST_SHOWN,
    list_failed_mails,
    retry_failed_mail,
    settle_failed_mail,
)
from services.tracker.mails.retry_failed_mails import list_causes, retry_failed_mails
from services.tracker.mails.send_mail_again import send_mail_again
from services.tracker.trouble.settle_note import NOTE_NEEDED, read_note
from shared.events.event import Moment
from shared.web.problems import InvalidFields

routes = APIRouter()


@routes.get("/failed-mails")
async def show(desk: AtDesk) -> Response:
    """Show those that wait for an operator, the oldest first."""
    return await _show(desk)


@routes.post("/failed-mails/retry", dependencies=[Unforged])
async def retry_all(
    desk: AtDesk, cause: Annotated[str, Form(max_length=200)], before: Annotated[Moment, Form()]
) -> Response:
    """Have all of a cause tried again that the operator saw."""
    notifier, by = desk.resources.notifier, desk.operator.username
    return await desk.once_then(
        "failed-mails", lambda: retry_failed_mails(desk.session, notifier, cause=cause, by=by, before=before)
    )


@routes.post("/failed-mails/{event_id}/retry", dependencies=[Unforged])
async def retry(desk: AtDesk, event_id: UUID) -> Response:
    """Have one tried again now."""
    notifier, by = desk.resources.notifier, desk.operator.username
    return await desk.once_then(
        "failed-mails", lambda: retry_failed_mail(desk.session, str(event_id), by, notifier)
    )


@routes.post("/failed-mails/{event_id}/send-again", dependencies=[Unforged])
async def send_again(desk: AtDesk, event_id: UUID, email: Annotated[str, Form()] = "") -> Response:
    """Have one sent to a corrected address; a wrong one is given back to be mended."""
    given, by = desk.resources, desk.by
    try:
        return await desk.once_then(
            "failed-mails",
            lambda: send_mail_again(
                desk.session,
                str(event_id),
                by,
                returned=False,
                email=email,
                notifier=given.notifier,
                keyring=given.keyring,
            ),
        )
    except InvalidFields:
        return await _show(desk, status=422, wrong=str(event_id), typed=email)


@routes.post("/failed-mails/{event_id}/settle", dependencies=[Unforged])
async def settle(desk: AtDesk, event_id: UUID, note: Annotated[str, Form()] = "") -> Response:
    """Settle the matter without the mail, with a note of how the citizen knows."""
    if read_note(note) is None:
        raise NOTE_NEEDED
    by = desk.by
    return await desk.once_then(
        "failed-mails", lambda: settle_failed_mail(desk.session, str(event_id), by, note)
    )


async def _show(desk: Desk, *, status: int = 200, wrong: str = "", typed: str = "") -> Response:
    return await desk.render(
        "failed_mails.html",
        status=status,
        mails=await list_failed_mails(desk.session, desk.resources.keyring, desk.by),
        causes=await list_causes(desk.session),
        most=MOST_SHOWN,
        can_retry=desk.resources.notifier is not None,
        here="failed-mails",
        wrong=wrong,
        typed=typed,
    )
