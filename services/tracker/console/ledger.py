"""The ledger's page: what came, what became of it, what is overdue with its requests, and the alarms of late."""

from dataclasses import replace
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Form, Path
from fastapi.responses import JSONResponse, Response

from services.tracker.console.all_well import OVERDUE, all_well, told
from services.tracker.console.desk import AT_MOST_OLD, AtDesk
from services.tracker.console.figures import read_figures
from services.tracker.console.operator import OnDuty, Unforged
from services.tracker.ledger.alarms import latest_alarms
from services.tracker.resources import GivenResources
from services.tracker.trouble.skipped import list_skipped, send_skipped_again, settle_skipped
from services.tracker.trouble.unsendable import list_unsendable, send_unsendable_again, settle_unsendable
from shared.web.transaction import Transaction, away_is_unavailable

routes = APIRouter()

ALARMS_SHOWN = 50
Id = Annotated[int, Path(ge=1, le=2**63 - 1)]


@routes.get("/ledger")
async def show(desk: AtDesk) -> Response:
    """Show it as it stands now."""
    ledger = await desk.resources.ledger.ledger()
    overdue = [(each, told(each.count, *OVERDUE[each.reason])) for each in ledger.overdue]
    alarms = await latest_alarms(desk.session, ALARMS_SHOWN)
    skipped = await list_skipped(desk.session) if ledger.of("skipped") else ()
    unsendable = await list_unsendable(desk.session) if ledger.of("unsendable") else ()
    return await replace(desk, ledger=ledger).render(
        "ledger.html", overdue=overdue, alarms=alarms, skipped=skipped, unsendable=unsendable, here="ledger"
    )


@routes.post("/skipped/{id}/again", dependencies=[Unforged])
@routes.post("/skipped/{id}/send-again", dependencies=[Unforged])
async def again(desk: AtDesk, id: Id) -> Response:  # noqa: A002  the path's name for it
    """Have records that were skipped sent again."""
    given, by = desk.resources, desk.operator.username
    return await desk.once_then(
        "ledger", lambda: send_skipped_again(desk.session, id, by, given.lags, given.producer, given.keyring)
    )


@routes.post("/skipped/{id}/settle", dependencies=[Unforged])
async def settle(desk: AtDesk, id: Id, note: Annotated[str, Form()] = "") -> Response:  # noqa: A002  as above
    """Settle the matter of records that are gone."""
    return await desk.once_then(
        "ledger", lambda: settle_skipped(desk.session, id, desk.operator.username, note)
    )


@routes.post("/unsendable/{event_id}/send-again", dependencies=[Unforged])
async def send_event_again(desk: AtDesk, event_id: UUID) -> Response:
    """Have an event that Kafka refused published."""
    return await desk.once_then(
        "ledger", lambda: send_unsendable_again(desk.session, event_id, desk.operator.username)
    )


@routes.post("/unsendable/{event_id}/settle", dependencies=[Unforged])
async def settle_event(desk: AtDesk, event_id: UUID) -> Response:
    """Settle the matter of an event that Kafka refused."""
    return await desk.once_then(
        "ledger", lambda: settle_unsendable(desk.session, event_id, desk.operator.username)
    )


@routes.get("/alarm")
async def alarm(_: OnDuty, resources: GivenResources, session: Transaction) -> Response:
    """Say what an open page should know; asking does not keep a session alive."""
    with away_is_unavailable():
        ledger = await resources.ledger.ledger(at_most_old=AT_MOST_OLD)
    verdict = all_well(await read_figures(session), ledger)
    return JSONResponse(
        {"alarm": verdict.sentence if verdict.colour == "alert" else None},
        headers={"Cache-Control": "no-store"},
    )
