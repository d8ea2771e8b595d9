"""The front page: is all well, the tiles, and the list of requests; and the search, which travels in a body."""

from typing import Annotated, Any

from fastapi import APIRouter, Form, Query
from fastapi.responses import RedirectResponse, Response

from services.tracker.console.desk import AtDesk, Desk
from services.tracker.console.operator import Unforged
from services.tracker.console.pages import PREFIX
from services.tracker.find.find_requests import MOST, Filters, Page, find_requests
from services.tracker.find.typed_work_number import InvalidWorkNumber
from shared.events.vocabulary import State
from shared.text.kept_text import KeptText
from shared.text.personal_codes import is_personal_code
from shared.text.typed_text import visible

routes = APIRouter()

Text = Annotated[KeptText, Query(max_length=200)]
Typed = Annotated[KeptText, Form(max_length=320)]
FIRST_STATE: State = "received"


@routes.get("/")
async def front(desk: AtDesk, queue: Text = "", state: State | None = None, cursor: Text = "") -> Response:
    """Show the newest requests, of one queue and state where these are chosen; a queue opens with what nobody has taken."""
    if queue and state is None:
        state = FIRST_STATE
    page = await find_requests(
        desk.session,
        Filters(queue=queue or None, state=state),
        desk.resources.keyring,
        desk.by,
        cursor=cursor or None,
    )
    return await _show(desk, page, queue=queue, state=state, cursor=cursor)


@routes.post("/search", dependencies=[Unforged])
async def search(desk: AtDesk, words: Typed = "", cursor: Typed = "") -> Response:
    """Find by work number, name, e-mail or henkilötunnus; a number leads straight to its request."""
    words = visible(words)
    if not words:
        return RedirectResponse(f"{PREFIX}/", status_code=303)
    by_code = is_personal_code(words)
    try:
        page = await find_requests(
            desk.session,
            Filters(words=words),
            desk.resources.keyring,
            desk.by,
            limit=MOST if by_code else 50,
            cursor=cursor or None,
        )
    except InvalidWorkNumber:
        return await _show(
            desk,
            Page([], None),
            searched=True,
            typed=words,
            wrong="Numeroja on yhdeksän tai kymmenen, ja jokin niistä on väärin.",
            status=422,
        )
    if len(page.requests) == 1 and not cursor:
        return RedirectResponse(f"{PREFIX}/requests/{page.requests[0].work_number}", status_code=303)
    # A henkilötunnus is not written back into the page; nobody has more requests than one page holds.
    return await _show(
        desk, Page(page.requests, None) if by_code else page, typed="" if by_code else words, searched=True
    )


async def _show(desk: Desk, page: Page, *, status: int = 200, **shown: Any) -> Response:  # noqa: ANN401  what the template shows
    """`shown`: `queue`, `state`, `cursor` of a list; `typed` and `wrong` of a search."""
    given = {"queue": "", "state": None, "cursor": "", "typed": "", "wrong": "", "searched": False, **shown}
    here = f"queue:{given['queue']}" if given["queue"] else "" if given["searched"] else "all"
    return await desk.render("front.html", status=status, page=page, here=here, **given)
