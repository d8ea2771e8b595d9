"""The page of failed mails: retry one or all of a cause, correct an address, or settle one with a note."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Form
from fastapi.responses import Response

from services.tracker.console.console_request import ConsoleRequest, GivenConsole
from services.tracker.console.operator import Unforged
from services.tracker.mails.failed_mails import (
    MAX_SHOWN,
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
async def show(console: GivenConsole) -> Response:
    """Show those that are not settled, the oldest first."""
    return await _show(console)


@routes.post("/failed-mails/retry", dependencies=[Unforged])
async def retry_all(
    console: GivenConsole, cause: Annotated[str, Form(max_length=200)], before: Annotated[Moment, Form()]
) -> Response:
    """Retry all mails of a cause; not those that failed after the operator opened the page."""
    notifier, by = console.resources.notifier, console.operator.username
    return await console.once_then(
        "failed-mails",
        lambda: retry_failed_mails(console.session, notifier, cause=cause, by=by, before=before),
    )


@routes.post("/failed-mails/{event_id}/retry", dependencies=[Unforged])
async def retry(console: GivenConsole, event_id: UUID) -> Response:
    """Retry one now."""
    notifier, by = console.resources.notifier, console.operator.username
    return await console.once_then(
        "failed-mails", lambda: retry_failed_mail(console.session, str(event_id), by, notifier)
    )


@routes.post("/failed-mails/{event_id}/send-again", dependencies=[Unforged])
async def send_again(console: GivenConsole, event_id: UUID, email: Annotated[str, Form()] = "") -> Response:
    """Send one to a corrected address; show an invalid one again, to be corrected."""
    given, by = console.resources, console.by
    try:
        return await console.once_then(
            "failed-mails",
            lambda: send_mail_again(
                console.session,
                str(event_id),
                by,
                returned=False,
                email=email,
                notifier=given.notifier,
                keyring=given.keyring,
            ),
        )
    except InvalidFields:
        return await _show(console, status=422, wrong=str(event_id), typed=email)


@routes.post("/failed-mails/{event_id}/settle", dependencies=[Unforged])
async def settle(console: GivenConsole, event_id: UUID, note: Annotated[str, Form()] = "") -> Response:
    """Settle one without the mail, with a note of how the citizen was informed."""
    if read_note(note) is None:
        raise NOTE_NEEDED
    by = console.by
    return await console.once_then(
        "failed-mails", lambda: settle_failed_mail(console.session, str(event_id), by, note)
    )


async def _show(console: ConsoleRequest, *, status: int = 200, wrong: str = "", typed: str = "") -> Response:
    return await console.render(
        "failed_mails.html",
        status=status,
        mails=await list_failed_mails(console.session, console.resources.keyring, console.by),
        causes=await list_causes(console.session),
        most=MAX_SHOWN,
        can_retry=console.resources.notifier is not None,
        here="failed-mails",
        wrong=wrong,
        typed=typed,
    )
