"""The front page with its list of requests, and the search, whose words travel in a body, not an address."""

from typing import Annotated, Any

from fastapi import APIRouter, Form, Query
from fastapi.responses import RedirectResponse, Response

from services.tracker.console.console_request import ConsoleRequest, GivenConsole
from services.tracker.console.operator import Unforged
from services.tracker.console.pages import PREFIX
from services.tracker.find.find_requests import MAX_LIMIT, Filters, Page, find_requests
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
async def front(
    console: GivenConsole, queue: Text = "", state: State | None = None, cursor: Text = ""
) -> Response:
    """Show the newest requests, or those of a queue and state.

    A queue opens with the requests that nobody has taken.
    """
    if queue and state is None:
        state = FIRST_STATE
    page = await find_requests(
        console.session,
        Filters(queue=queue or None, state=state),
        console.resources.keyring,
        console.by,
        cursor=cursor or None,
    )
    return await _show(console, page, queue=queue, state=state, cursor=cursor)


@routes.post("/search", dependencies=[Unforged])
async def search(console: GivenConsole, words: Typed = "", cursor: Typed = "") -> Response:
    """Find by work number, name, e-mail or henkilötunnus; redirect if there is exactly one request."""
    words = visible(words)
    if not words:
        return RedirectResponse(f"{PREFIX}/", status_code=303)
    by_code = is_personal_code(words)
    try:
        page = await find_requests(
            console.session,
            Filters(words=words),
            console.resources.keyring,
            console.by,
            limit=MAX_LIMIT if by_code else 50,
            cursor=cursor or None,
        )
    except InvalidWorkNumber:
        return await _show(console, Page([], None), searched=True, typed=words, wrong_number=True, status=422)
    if len(page.requests) == 1 and not cursor:
        return RedirectResponse(f"{PREFIX}/requests/{page.requests[0].work_number}", status_code=303)
    # The page does not repeat a henkilötunnus, so it has no link to older requests; it holds all of a person.
    return await _show(
        console, Page(page.requests, None) if by_code else page, typed="" if by_code else words, searched=True
    )


async def _show(console: ConsoleRequest, page: Page, *, status: int = 200, **shown: Any) -> Response:  # noqa: ANN401  what the template shows
    """`shown`: `queue`, `state`, `cursor` of a list; `typed` and `wrong_number` of a search."""
    usual = {"queue": "", "state": None, "cursor": "", "typed": "", "wrong_number": False, "searched": False}
    given = {**usual, **shown}
    here = f"queue:{given['queue']}" if given["queue"] else "" if given["searched"] else "all"
    return await console.render("front.html", status=status, page=page, here=here, **given)
