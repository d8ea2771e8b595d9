"""Lists of requests: filters, search, and pages that stay as quick at five million requests as at ten."""

import base64
import binascii
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Any
from uuid import UUID

from sqlalchemy import CTE, ColumnElement, text, tuple_, union
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import load_only
from sqlmodel import col, select
from stdnum.fi import hetu

from services.tracker.at_rest import AtRest, name_key
from services.tracker.domain import OPEN, State
from services.tracker.models import TrackedRequest
from services.tracker.typed_work_number import read_work_number
from shared.problems import InvalidFields
from shared.typed_text import plain, visible

MOST = 200
LAST_LETTER = "\U0010ffff"
LISTED = (
    *("request_id", "work_number", "service", "service_title", "service_title_fi", "role", "language", "channel", "queue", "state", "assignee"),
    *("submitted_at", "registered_at", "due_at", "resolved_at", "first_name", "last_name"),
)


@dataclass(frozen=True, slots=True)
class Filters:
    """What a list is narrowed to; `words` is a work number, a name (last name first or last), an e-mail or a henkilötunnus."""

    queue: str | None = None
    state: State | None = None
    service: str | None = None
    submitted_after: datetime | None = None
    submitted_before: datetime | None = None
    overdue_at: datetime | None = None
    words: str | None = None


@dataclass(frozen=True, slots=True)
class Page:
    """Requests, newest first, and the cursor of the next page, if there is one."""

    requests: Sequence[TrackedRequest]
    next: str | None


async def find_requests(session: AsyncSession, filters: Filters, at_rest: AtRest, *, limit: int = 50, cursor: str | None = None) -> Page:
    """Give one page of at most `limit` requests; raises `InvalidFields` or `InvalidWorkNumber` for a cursor or number that is none.

    The henkilötunnus, e-mail, phone and answers are not loaded.
    """
    name = _name_of(filters)
    # The names are looked up first, or a plan would read all requests by their time until enough of that name have come.
    named = _named(name) if name else None
    time_and_id = (
        (named.c.submitted_at, named.c.request_id) if named is not None else (col(TrackedRequest.submitted_at), col(TrackedRequest.request_id))
    )
    found = (
        select(TrackedRequest)
        .options(load_only(*(getattr(TrackedRequest, name) for name in LISTED), raiseload=True))
        .where(*_conditions(filters, at_rest))
        .order_by(*(column.desc() for column in time_and_id))
        .limit(min(limit, MOST) + 1)
    )
    if named is not None:
        found = found.join(named, named.c.request_id == col(TrackedRequest.request_id))
    if cursor:
        found = found.where(tuple_(*time_and_id) < _read_cursor(cursor))
    requests = list(await session.scalars(found))
    if len(requests) <= min(limit, MOST):
        return Page(requests, None)
    return Page(requests[:-1], _write_cursor(requests[-2]))


def _conditions(filters: Filters, at_rest: AtRest) -> list[ColumnElement[bool]]:
    equal = {TrackedRequest.queue: filters.queue, TrackedRequest.state: filters.state, TrackedRequest.service: filters.service}
    conditions: list[ColumnElement[bool]] = [col(column) == value for column, value in equal.items() if value is not None]
    if filters.submitted_after is not None:
        conditions.append(col(TrackedRequest.submitted_at) > filters.submitted_after)
    if filters.submitted_before is not None:
        conditions.append(col(TrackedRequest.submitted_at) < filters.submitted_before)
    if filters.overdue_at is not None:
        conditions += [col(TrackedRequest.due_at) < filters.overdue_at, col(TrackedRequest.state).in_(OPEN)]
    words = visible(filters.words or "")
    if "@" in words:
        conditions.append(col(TrackedRequest.email_index) == at_rest.index_email(words))
    elif is_personal_code(words):
        conditions.append(col(TrackedRequest.personal_code_index) == at_rest.index_personal_code(words))
    elif looks_like_work_number(words):
        conditions.append(col(TrackedRequest.work_number) == read_work_number(words))
    return conditions


def _name_of(filters: Filters) -> str | None:
    """Give what is a name in the words, if it is one."""
    words = visible(filters.words or "")
    return words if words and "@" not in words and not is_personal_code(words) and not looks_like_work_number(words) else None


def _named(words: str) -> CTE:
    """Find those whose name begins so, either way around, in the index alone."""
    first, *rest = names = name_key(words.replace(",", " "), "").split()
    either_way = {" ".join(names), " ".join([*rest, first])}
    key = col(TrackedRequest.name_key)
    ranges = [
        select(TrackedRequest.request_id, TrackedRequest.submitted_at).where(key.op("~>=~")(begins), key.op("~<~")(begins + LAST_LETTER))
        for begins in sorted(either_way)
    ]
    # In order already, so that the newest can be taken without looking at the rows of all others.
    return union(*ranges).order_by(text("submitted_at desc, request_id desc")).cte("named").prefix_with("materialized")


def looks_like_work_number(words: str) -> bool:
    """Say whether somebody seems to mean a work number: mostly digits, and no henkilötunnus."""
    return sum(letter.isdigit() for letter in words) * 2 > len(words.replace(" ", "")) and not is_personal_code(words)


def is_personal_code(words: str) -> bool:
    """Say whether the text is a henkilötunnus."""
    return bool(hetu.is_valid("".join(plain(words).split()), allow_temporary=True))


def _write_cursor(last: TrackedRequest) -> str:
    return base64.urlsafe_b64encode(f"{last.submitted_at.isoformat()}/{last.request_id}".encode()).decode().rstrip("=")


def _read_cursor(cursor: str) -> tuple[Any, ...]:
    try:
        moment, _, request_id = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True).decode().partition("/")
        return (datetime.fromisoformat(moment).astimezone(timezone.utc), UUID(request_id))
    except (binascii.Error, ValueError, OverflowError):
        raise InvalidFields([{"field": "cursor", "message": "Not a cursor of ours"}]) from None
