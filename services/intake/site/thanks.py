"""The thank-you page: the ticket, whose number appears by itself as soon as the tracker has given it."""

from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

from fastapi import APIRouter, Response
from fastapi.sse import EventSourceResponse, ServerSentEvent

from services.intake.site.sent import recall
from services.intake.site.view import Page
from shared.look.finnish import grouped

routes = APIRouter()

LATE_SECONDS = 20
"""After this long without a number the page says that it comes by e-mail."""
STREAM_SECONDS = 25
RETRY_MS = 1_000


@routes.get("/kiitos/{request_id}")
async def thanks(view: Page, request_id: UUID) -> Response:
    """Show the ticket, or that its number is awaited, or that it comes by e-mail."""
    progress = view.intake.numbers.known(request_id)
    sent = recall(view.request.session, request_id)
    if progress is None and sent is None:
        return view.render("thanks_unknown.html", status=404)
    late = progress is None and sent is not None and (sent.spooled or sent.age > LATE_SECONDS)
    service = view.intake.catalogue.get(sent.service) if sent else None
    return view.render(
        "thanks.html",
        request_id=request_id,
        progress=progress,
        sent=sent,
        late=late,
        service=service,
        title=progress.service_title if progress else service.title.in_language(view.language) if service else "",
    )


@routes.get("/kiitos/{request_id}/tapahtumat", response_class=EventSourceResponse)
async def number_events(view: Page, request_id: UUID) -> AsyncIterator[ServerSentEvent]:
    """Tell the number once it is there (`number`), or that it is late (`late`); the browser asks again by itself until it has it."""
    sent = recall(view.request.session, request_id)
    progress = await view.intake.numbers.wait(request_id, timeout=STREAM_SECONDS if sent and sent.age > LATE_SECONDS else LATE_SECONDS)
    yield ServerSentEvent(event="number" if progress else "late", data=_announcement(view.texts, progress), retry=RETRY_MS)


def _announcement(texts: Any, progress: Any) -> dict[str, str]:  # noqa: ANN401  a tree of texts, a Progress or None
    if progress is None:
        return {"announcement": texts.thanks.late_title}
    return {"announcement": texts.thanks.announcement.format(number=grouped(progress.work_number))}
