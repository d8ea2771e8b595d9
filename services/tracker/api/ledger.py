"""The ledger for operators' systems: as JSON, and as metrics."""

from dataclasses import asdict
from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Response
from prometheus_client import CONTENT_TYPE_LATEST
from pydantic import BaseModel, Field

from services.tracker.domain import Reason
from services.tracker.ledger.metrics import exposition
from services.tracker.ledger.overdue import Ledger
from services.tracker.resources import GivenResources
from shared.auth.authorize import Caller, TokenVerifier, require_scope
from shared.web.transaction import away_is_unavailable


class LateRequest(BaseModel):
    """A request that is overdue."""

    request_id: UUID
    work_number: str | None
    since: datetime
    note: str | None = Field(description="What is known of it, such as the last outcome of its mail")


class OverdueKind(BaseModel):
    """One kind of being overdue at one place; the oldest hundred of its requests."""

    reason: Reason
    place: str = Field(description="The consumer group or part, where that matters")
    count: int = Field(description="Counted up to 100,000")
    oldest_at: datetime | None
    requests: list[LateRequest]
    note: str


class CanaryAnswer(BaseModel):
    """The latest test request that went all the way."""

    begun_at: datetime
    seconds: dict[str, float] = Field(
        description="From its beginning: `answered`, `shown`, `numbered`, `mailed`"
    )


class LedgerAnswer(BaseModel):
    """The state of the service; counts are since the first start. `overdue` is empty when all is well."""

    at: datetime
    accepted: int | None = Field(
        description=(
            "`numbered` + `on_the_log` + `in_the_spool` + `set_aside` + `settled`; "
            "null while Kafka or the spool cannot be asked"
        )
    )
    numbered: int
    numbers_drawn: int = Field(description="Work numbers drawn so far, those of rolled-back transactions too")
    numbers_burnt: int
    receipted: int
    receipts_waiting: int
    receipts_failed: int
    resolved: int
    on_the_log: int | None = Field(
        description="Records with intake's MAC that tracker has not read yet; one can be a repeat"
    )
    in_the_spool: int | None
    set_aside: int = Field(
        description="Accepted requests whose record was set aside or passed over, and that nobody has settled"
    )
    settled: int = Field(description="Those of which an operator has noted what the citizen was told")
    to_be_removed: int = Field(
        description=(
            "Requests whose retention time is over and whose contents are still there, "
            "counted up to 100,000; after two days each is overdue"
        )
    )
    dead_letters: int
    lag: dict[str, int] = Field(description="Records that each consumer group is behind")
    canary: CanaryAnswer | None
    overdue: list[OverdueKind]


def ledger_routes(verifier: TokenVerifier) -> APIRouter:
    """Return `/api/v1/ledger` and `/metrics`."""
    routes = APIRouter(tags=["operators"])
    Operator = Annotated[Caller, Depends(require_scope(verifier, "operate"))]  # noqa: N806  a type, made for this verifier

    @routes.get("/api/v1/ledger")
    async def ledger(resources: GivenResources, _: Operator) -> LedgerAnswer:
        with away_is_unavailable():
            return _answer(await resources.ledger.ledger())

    @routes.get("/metrics", response_class=Response, responses={200: {"content": {CONTENT_TYPE_LATEST: {}}}})
    async def metrics(resources: GivenResources) -> Response:
        """Return the latest reading for Prometheus, also while the database is away; its age is shown."""
        watch = resources.ledger
        return Response(exposition(watch.latest, watch.age), media_type=CONTENT_TYPE_LATEST)

    return routes


def _answer(ledger: Ledger) -> LedgerAnswer:
    return LedgerAnswer(
        **asdict(ledger),
        accepted=ledger.accepted,
        receipts_waiting=ledger.receipts_waiting,
        numbers_burnt=ledger.numbers_burnt,
    )
