"""The thank-you page: shows the request's number, which appears as soon as tracker has assigned it."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime, timezone
from http import HTTPStatus
from uuid import UUID

from fastapi import APIRouter, Depends, Response
from fastapi.sse import EventSourceResponse, ServerSentEvent
from starlette.exceptions import HTTPException

from services.intake.site.sent import Sent, recall
from services.intake.site.view import Page, View
from services.intake.status.tracker_client import TrackerAway, UnknownRequest
from services.intake.submit.recent_requests import Progress
from services.intake.submit.working_days import due_at
from shared.limits.limit import TooMany
from shared.text.texts import Texts
from shared.text.work_number import grouped

routes = APIRouter()

LATE_SECONDS = 20
"""Without a number after this time, the page says that it comes by e-mail."""
STREAM_SECONDS = 25
RETRY_MS = 1_000
RECEIPT_SECONDS = 1.0


@dataclass(frozen=True)
class Ticket:
    """What the ticket shows; unknown parts are empty."""

    number: str
    title: str
    received_at: datetime
    due_at: datetime | None


@routes.get("/kiitos/{request_id}")
async def thanks(view: Page, request_id: UUID) -> Response:
    """Show the ticket; without a number, that it is awaited or comes by e-mail."""
    sent = recall(view.request.session, request_id)
    number = await number_of(view, request_id, sent)
    if number is None and sent is None and not view.resources.recent.remembers(request_id):
        return view.render("thanks_unknown.html", status=404)
    return view.render(
        "thanks.html",
        request_id=request_id,
        ticket_of=_ticket(view, request_id, sent, number or ""),
        sent=sent,
        late=number is None and sent is not None and (sent.spooled or sent.age > LATE_SECONDS),
        service=view.resources.catalogue.get(sent.service) if sent else None,
        answer_promised=sent.answer_promised if sent else True,
        receipt=await _receipt(view, request_id) if number else "sending",
    )


async def number_of(view: View, request_id: UUID, sent: Sent | None) -> str | None:
    """Return the number, from the lifecycle events seen here or from tracker.

    Tracker is asked if the request is older, or its events were read by a process before this one.
    """
    if progress := view.resources.recent.known(request_id):
        return progress.work_number
    if sent and sent.age < LATE_SECONDS:
        return None
    try:
        return (await view.resources.tracker.state_of(request_id)).work_number
    except (UnknownRequest, TooMany, TrackerAway):
        return None


async def _receipt(view: View, request_id: UUID) -> str:
    """Return the state of the receipt; `sending` if it is unknown, because the page must not wait for it."""
    try:
        async with asyncio.timeout(RECEIPT_SECONDS):
            mails = (await view.resources.tracker.state_of(request_id)).mails
    except (TimeoutError, UnknownRequest, TooMany, TrackerAway):
        return "sending"
    return next((mail.state for mail in mails if mail.template == "receipt"), "sending")


def _ticket(view: View, request_id: UUID, sent: Sent | None, number: str) -> Ticket:
    if progress := view.resources.recent.known(request_id):
        return Ticket(
            number,
            view.title_of(progress.service, progress.service_title),
            progress.registered_at,
            progress.due_at,
        )
    service = view.resources.catalogue.get(sent.service) if sent else None
    at = datetime.fromtimestamp(sent.at, timezone.utc) if sent else datetime.now(timezone.utc)
    due = due_at(at, service.due_days) if service and number else None
    return Ticket(number, service.title.in_language(view.language) if service else "", at, due)


async def _stream(view: Page, request_id: UUID) -> AsyncIterator[None]:
    """Open an event stream for the sender of the request, or for a request that is known here."""
    if recall(view.request.session, request_id) is None and not view.resources.recent.remembers(request_id):
        raise HTTPException(HTTPStatus.NOT_FOUND)
    with view.resources.caller_limits.stream(view.request):
        yield


@routes.get(
    "/kiitos/{request_id}/tapahtumat", response_class=EventSourceResponse, dependencies=[Depends(_stream)]
)
async def number_events(view: Page, request_id: UUID) -> AsyncIterator[ServerSentEvent]:
    """Send the number once it is known (`number`), or that it is late (`late`).

    The browser asks again by itself until it has the number.
    """
    sent = recall(view.request.session, request_id)
    progress = await view.resources.recent.wait(
        request_id, timeout=STREAM_SECONDS if sent and sent.age > LATE_SECONDS else LATE_SECONDS
    )
    yield ServerSentEvent(
        event="number" if progress else "late", data=_announcement(view.texts, progress), retry=RETRY_MS
    )


def _announcement(texts: Texts, progress: Progress | None) -> dict[str, str]:
    if progress is None:
        return {"announcement": texts.thanks.late_title}
    return {"announcement": texts.thanks.announcement.format(number=grouped(progress.work_number))}
