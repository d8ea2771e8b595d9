"""The back-office API for requests: find them, read one, handle one."""

from datetime import datetime, timezone
from enum import StrEnum
from typing import Annotated, cast

from fastapi import APIRouter, Depends, Header, Path, Query, Response
from pydantic import AfterValidator, BaseModel, Field

from services.tracker.api.answers import (
    CommandAnswer,
    HandledRequest,
    RequestDetail,
    RequestPage,
    detail,
    operator_of,
    summary,
)
from services.tracker.domain import COMMANDS, Action
from services.tracker.find.find_requests import MAX_LIMIT, Filters, find_requests, looks_like_work_number
from services.tracker.find.show_request import resolve_id, show_request
from services.tracker.handle.answer_once import IdempotencyKey, answer_command, command_of
from services.tracker.handle.handle_request import handle_request
from services.tracker.models import TrackedRequest
from services.tracker.personal_data.record_read import record_read
from services.tracker.resources import GivenResources
from shared.auth.authorize import Caller, TokenVerifier, require_scope
from shared.events.event import Moment
from shared.events.trace_context import valid_traceparent
from shared.events.vocabulary import State
from shared.text.kept_text import KeptText
from shared.web.problems import InvalidFields
from shared.web.transaction import Transaction

Name = Annotated[KeptText | None, Query(max_length=200)]
Id = Annotated[str, Path(description="Request id, or work number with or without spaces", max_length=60)]
Limit = Annotated[int, Query(ge=1, le=MAX_LIMIT)]
Trace = Annotated[
    str | None,
    Header(description="W3C trace context; one that is not valid is ignored"),
    AfterValidator(valid_traceparent),
]
READ = "requests:read"
PERSONAL_CODE = "requests:personal-code"
"""The scope beside `requests:read` that reveals a henkilötunnus."""
ONLY_A_WORK_NUMBER = "Give a work number here; search for people with POST /api/v1/requests/search"
Handling = StrEnum(  # type: ignore[misc]  # its members come from the table
    "Handling", {action: action.replace("_", "-") for action in COMMANDS}
)
"""An action as the path spells it: `ask-customer` for `ask_customer`."""


class Search(BaseModel):
    """What to look for: a name, an e-mail, a henkilötunnus or a work number.

    It travels in the body, because URLs end up in logs.
    """

    q: KeptText = Field(min_length=1, max_length=320)
    queue: KeptText | None = Field(None, max_length=200)
    state: State | None = None
    cursor: str | None = Field(None, max_length=200)
    limit: int = Field(50, ge=1, le=MAX_LIMIT)


class Said(BaseModel):
    """A text for the customer, where the action sends one."""

    text: str | None = None


def request_routes(verifier: TokenVerifier) -> APIRouter:
    """Return the routes of `/api/v1/requests`."""
    routes = APIRouter(prefix="/api/v1/requests", tags=["requests"])
    _add_list(routes, verifier)
    _add_search(routes, verifier)
    _add_read(routes, verifier)
    _add_handle(routes, verifier)
    return routes


def _add_list(routes: APIRouter, verifier: TokenVerifier) -> None:
    Reader = Annotated[Caller, Depends(require_scope(verifier, READ))]  # noqa: N806  a type, made for this verifier

    @routes.get("")
    async def list_requests(  # noqa: PLR0913  a query string's parameters
        session: Transaction,
        resources: GivenResources,
        caller: Reader,
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
            raise InvalidFields([{"field": "q", "message": ONLY_A_WORK_NUMBER}])
        overdue_at = datetime.now(timezone.utc) if overdue else None
        filters = Filters(queue, state, service, submitted_after, submitted_before, overdue_at, q)
        page = await find_requests(
            session, filters, resources.keyring, operator_of(caller), limit=limit, cursor=cursor
        )
        return RequestPage(requests=[summary(each) for each in page.requests], next=page.next)


def _add_search(routes: APIRouter, verifier: TokenVerifier) -> None:
    Reader = Annotated[Caller, Depends(require_scope(verifier, READ))]  # noqa: N806  as above

    @routes.post("/search")
    async def search_requests(
        session: Transaction, resources: GivenResources, caller: Reader, search: Search
    ) -> RequestPage:
        filters = Filters(queue=search.queue, state=search.state, words=search.q)
        page = await find_requests(
            session, filters, resources.keyring, operator_of(caller), limit=search.limit, cursor=search.cursor
        )
        return RequestPage(requests=[summary(each) for each in page.requests], next=page.next)


def _add_read(routes: APIRouter, verifier: TokenVerifier) -> None:
    Reader = Annotated[Caller, Depends(require_scope(verifier, READ))]  # noqa: N806  as above

    @routes.get("/{id}")
    async def read_request(
        session: Transaction,
        resources: GivenResources,
        caller: Reader,
        id: Id,  # noqa: A002  the path's name for it
    ) -> RequestDetail:
        """Return it in full; a henkilötunnus is masked without the scope `requests:personal-code`."""
        revealed = PERSONAL_CODE in caller.scopes
        return detail(
            await show_request(
                session,
                await resolve_id(session, id),
                resources.keyring,
                operator_of(caller),
                revealed=revealed,
            )
        )


def _add_handle(routes: APIRouter, verifier: TokenVerifier) -> None:
    Writer = Annotated[Caller, Depends(require_scope(verifier, "requests:write"))]  # noqa: N806  as above

    @routes.post("/{id}/{action}", response_model=CommandAnswer)
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
        step = cast("Action", action.name)

        async def act() -> HandledRequest:
            request = await handle_request(
                session, request_id, step, by, text=text, keyring=keyring, traceparent=traceparent
            )
            return HandledRequest.model_validate(request)

        async def show(kept: bytes) -> CommandAnswer:
            request = await session.get_one(TrackedRequest, request_id)
            handled = HandledRequest.model_validate_json(kept).model_dump() | {
                "contents_removed_at": request.erased_at
            }
            if READ not in caller.scopes:
                return CommandAnswer(**handled)
            await record_read(session, keyring.reads_key, by, step, [request_id])
            return CommandAnswer(**handled, first_name=request.first_name, last_name=request.last_name)

        return await answer_command(
            session, command_of(caller, key, str(request_id), action, text or ""), act, show
        )
