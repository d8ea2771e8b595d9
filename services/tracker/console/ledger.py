"""The ledger's page: what came, what became of it, what is overdue with its requests, and the alarms of late."""

import time

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, Response

from services.tracker.console.all_well import OVERDUE, all_well, told
from services.tracker.console.desk import AT_MOST_OLD, AtDesk
from services.tracker.console.figures import read_figures
from services.tracker.console.operator import NotSignedIn, is_signed_in
from services.tracker.ledger.alarms import latest_alarms
from services.tracker.resources import GivenResources, Transaction

routes = APIRouter()

ALARMS_SHOWN = 50


@routes.get("/ledger")
async def show(desk: AtDesk) -> Response:
    """Show it as it stands now."""
    ledger = await desk.resources.ledger.ledger()
    overdue = [(each, told(each.count, *OVERDUE[each.reason])) for each in ledger.overdue]
    alarms = await latest_alarms(desk.session, ALARMS_SHOWN)
    return await desk.render("ledger.html", overdue=overdue, alarms=alarms, here="ledger")


@routes.get("/alarm")
async def alarm(request: Request, session: Transaction, resources: GivenResources) -> Response:
    """Say what an open page should know; asking does not keep a session alive."""
    if not is_signed_in(request.session, int(time.time())):
        raise NotSignedIn
    verdict = all_well(await read_figures(session), await resources.ledger.ledger(at_most_old=AT_MOST_OLD))
    return JSONResponse({"alarm": verdict.sentence if verdict.colour == "alert" else None}, headers={"Cache-Control": "no-store"})
