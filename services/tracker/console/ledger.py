"""The ledger's page: counts of requests, what is overdue, and recent alarms; and the answer to open pages."""

from dataclasses import replace
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Form, Path, Request
from fastapi.responses import JSONResponse, Response

from services.tracker.console.all_well import all_well, overdue_sentence
from services.tracker.console.console_request import MAX_AGE_SECONDS, GivenConsole
from services.tracker.console.figures import read_figures
from services.tracker.console.operator import OnDuty, Unforged
from services.tracker.console.pages import Pages
from services.tracker.ledger.alarms import latest_alarms
from services.tracker.resources import GivenResources
from services.tracker.trouble.skipped import list_skipped, send_skipped_again, settle_skipped
from services.tracker.trouble.unsendable import list_unsendable, send_unsendable_again, settle_unsendable
from shared.web.transaction import Transaction, away_is_unavailable

routes = APIRouter()

ALARMS_SHOWN = 50
Id = Annotated[int, Path(ge=1, le=2**63 - 1)]


@routes.get("/ledger")
async def show(console: GivenConsole) -> Response:
    """Show the ledger as it is now, not up to 10 s old as on other pages."""
    ledger = await console.resources.ledger.ledger()
    pages: Pages = console.request.app.state.console_pages
    overdue = [(each, overdue_sentence(pages.texts, each.reason, each.count)) for each in ledger.overdue]
    alarms = await latest_alarms(console.session, ALARMS_SHOWN)
    skipped = await list_skipped(console.session) if ledger.of("skipped") else ()
    unsendable = await list_unsendable(console.session) if ledger.of("unsendable") else ()
    return await replace(console, ledger=ledger).render(
        "ledger.html", overdue=overdue, alarms=alarms, skipped=skipped, unsendable=unsendable, here="ledger"
    )


@routes.post("/skipped/{id}/again", dependencies=[Unforged])
@routes.post("/skipped/{id}/send-again", dependencies=[Unforged])
async def again(console: GivenConsole, id: Id) -> Response:  # noqa: A002  the path's name for it
    """Have skipped records published again."""
    given, by = console.resources, console.operator.username
    return await console.once_then(
        "ledger",
        lambda: send_skipped_again(console.session, id, by, given.lags, given.producer, given.keyring),
    )


@routes.post("/skipped/{id}/settle", dependencies=[Unforged])
async def settle(console: GivenConsole, id: Id, note: Annotated[str, Form()] = "") -> Response:  # noqa: A002  as above
    """Settle skipped records, with a note."""
    return await console.once_then(
        "ledger", lambda: settle_skipped(console.session, id, console.operator.username, note)
    )


@routes.post("/unsendable/{event_id}/send-again", dependencies=[Unforged])
async def send_event_again(console: GivenConsole, event_id: UUID) -> Response:
    """Publish an event again that Kafka refused."""
    return await console.once_then(
        "ledger", lambda: send_unsendable_again(console.session, event_id, console.operator.username)
    )


@routes.post("/unsendable/{event_id}/settle", dependencies=[Unforged])
async def settle_event(console: GivenConsole, event_id: UUID) -> Response:
    """Settle an event that Kafka refused."""
    return await console.once_then(
        "ledger", lambda: settle_unsendable(console.session, event_id, console.operator.username)
    )


@routes.get("/alarm")
async def alarm(request: Request, _: OnDuty, resources: GivenResources, session: Transaction) -> Response:
    """Return the alarm that open pages show; does not extend the session."""
    with away_is_unavailable():
        ledger = await resources.ledger.ledger(max_age=MAX_AGE_SECONDS)
    pages: Pages = request.app.state.console_pages
    verdict = all_well(pages.texts, await read_figures(session), ledger)
    return JSONResponse(
        {"alarm": verdict.sentence if verdict.colour == "alert" else None},
        headers={"Cache-Control": "no-store"},
    )
