"""For back-office systems: find requests, read them, handle them."""

from datetime import datetime, timezone
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Header, Path, Query, Response
from pydantic import AfterValidator, BaseModel, Field

from services.tracker.answer_once import IdempotencyKey, answer_command, command_of
from services.tracker.api.answers import RequestDetail, RequestPage, RequestSummary, detail, operator_of, summary
from services.tracker.domain import Action, State
from services.tracker.find_requests import MOST, Filters, find_requests, looks_like_work_number
from services.tracker.handle_request import handle_request
from services.tracker.resources import GivenResources
from services.tracker.show_request import resolve_id, show_request
from shared.authorize import Caller, TokenVerifier, require_scope
from shared.events.event import Moment
from shared.events.trace_context import valid_traceparent
from shared.kept_text import KeptText
from shared.problems import InvalidFields
from shared.transaction import Transaction

Name = Annotated[KeptText | None, Query(max_length=200)]
Id = Annotated[str, Path(description="Request id, or work number with or without spaces", max_length=60)]
Limit = Annotated[int, Query(ge=1, le=MOST)]
Trace = Annotated[str | None, Header(description="W3C trace context; one that is not valid is ignored"), AfterValidator(valid_traceparent)]
Handling = Literal["take", "ask-customer", "resolve", "reject", "close", "reopen"]
ACTIONS: dict[Handling, Action] = {
    "take": "take",
    "ask-customer": "ask_customer",
    "resolve": "resolve",
    "reject": "reject",
    "close": "close",
    "reopen": "reopen",
}


class Search(BaseModel):
    """What to look for: a name, an e-mail, a henkilötunnus or a work number. It travels in the body, because addresses end up in logs."""

    q: KeptText = Field(min_length=1, max_length=320)
    queue: KeptText | None = Field(None, max_length=200)
    state: State | None = None
    cursor: str | None = Field(None, max_length=200)
    limit: int = Field(50, ge=1, le=MOST)


class Said(BaseModel):
    """A text for the customer, where the action sends one."""

    text: str | None = None


def request_routes(verifier: TokenVerifier) -> APIRouter:
    """Give the routes of `/api/v1/requests`."""
    routes = APIRouter(prefix="/api/v1/requests", tags=["requests"])
    reader = Depends(require_scope(verifier, "requests:read"))
    Writer = Annotated[Caller, Depends(require_scope(verifier, "requests:write"))]  # noqa: N806  a type, made for this verifier

    @routes.get("", dependencies=[reader])
    async def list_requests(  # noqa: PLR0913  a query string's parameters
        session: Transaction,
        resources: GivenResources,
        *,
        queue: Name = None,
        state: State | None = None,
        service: Name = None,
        submitted_after: Moment | None = None,
        submitted_before: Moment | None = None,
        overdue: bool = False,
        q: Name = None,
        cursor: Name = None,
        limit: Limit = 50,
    ) -> RequestPage:
        if q and not looks_like_work_number(q):
            raise InvalidFields([{"field": "q", "message": "Only a work number may stand here; search for people with POST /api/v1/requests/search"}])
        overdue_at = datetime.now(timezone.utc) if overdue else None
        filters = Filters(queue, state, service, submitted_after, submitted_before, overdue_at, q)
        page = await find_requests(session, filters, resources.keyring.at_rest, limit=limit, cursor=cursor)
        return RequestPage(requests=[summary(each) for each in page.requests], next=page.next)

    @routes.post("/search", dependencies=[reader])
    async def search_requests(session: Transaction, resources: GivenResources, search: Search) -> RequestPage:
        filters = Filters(queue=search.queue, state=search.state, words=search.q)
        page = await find_requests(session, filters, resources.keyring.at_rest, limit=search.limit, cursor=search.cursor)
        return RequestPage(requests=[summary(each) for each in page.requests], next=page.next)

    @routes.get("/{id}", dependencies=[reader])
    async def read_request(session: Transaction, resources: GivenResources, id: Id) -> RequestDetail:  # noqa: A002  the path's name for it
        return detail(await show_request(session, await resolve_id(session, id), resources.keyring.at_rest))

    @routes.post("/{id}/{action}", response_model=RequestSummary)
    async def handle(  # noqa: PLR0913  a route's parameters
        session: Transaction,
        resources: GivenResources,
        caller: Writer,
        id: Id,  # noqa: A002  as above
        action: Handling,
        *,
        said: Said | None = None,
        traceparent: Trace = None,
        key: IdempotencyKey = None,
    ) -> Response:
        request_id = await resolve_id(session, id)
        text, by, keyring = said.text if said else None, operator_of(caller), resources.keyring

        async def act() -> RequestSummary:
            return summary(await handle_request(session, request_id, ACTIONS[action], by, text=text, keyring=keyring, traceparent=traceparent))

        return await answer_command(session, command_of(caller, key, str(request_id), action, text or ""), act)

    return routes
