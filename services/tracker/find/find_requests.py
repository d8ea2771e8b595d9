"""Lists of requests: filters, search, and pages that stay as quick at five million requests as at ten."""

import base64
import binascii
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Any
from uuid import UUID

from sqlalchemy import CTE, ColumnElement, Text, false, func, text, tuple_, union
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import load_only
from sqlmodel import col, select

from services.tracker.domain import By
from services.tracker.find.typed_work_number import read_work_number
from services.tracker.models import TrackedRequest
from services.tracker.personal_data.at_rest import AtRest, name_words
from services.tracker.personal_data.keyring import Keyring
from services.tracker.personal_data.record_read import record_read
from shared.events.vocabulary import OPEN, State
from shared.text.personal_codes import is_personal_code
from shared.text.typed_text import visible
from shared.web.problems import InvalidFields

MAX_LIMIT = 200
MAX_WORDS = 6
"""Of a name that is searched for."""
TIME_AND_ID = (col(TrackedRequest.submitted_at), col(TrackedRequest.request_id))
NAME_WORDS = func.string_to_array(col(TrackedRequest.name_key), " ", type_=ARRAY(Text))
LAST_LETTER = "\U0010ffff"
LISTED = (
    *(
        "request_id",
        "work_number",
        "service",
        "service_title",
        "service_title_fi",
        "role",
        "language",
        "channel",
        "queue",
        "state",
        "assignee",
    ),
    *("submitted_at", "registered_at", "due_at", "resolved_at", "erased_at", "first_name", "last_name"),
)


@dataclass(frozen=True, slots=True)
class Filters:
    """What a list is narrowed to.

    `words` is a work number, an e-mail, a henkilötunnus, or names in any order: each in full, or the family
    name's beginning.
    """

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


async def find_requests(
    session: AsyncSession,
    filters: Filters,
    keyring: Keyring,
    by: By,
    *,
    limit: int = 50,
    cursor: str | None = None,
) -> Page:
    """Return one page of at most `limit` requests, and record the read.

    Raises `InvalidFields` for a cursor that is none and words of which nothing is seen, `InvalidWorkNumber`
    for a number that is wrong. The henkilötunnus, e-mail, phone and answers are not loaded.
    """
    if filters.words is not None and not visible(filters.words):
        raise InvalidFields([{"field": "q", "message": "Write what to look for"}])
    name = _name_of(filters)
    # The names are looked up first, or a plan would read all requests by their time until enough of that name
    # have come.
    conditions, after = _conditions(filters, keyring.at_rest), _read_cursor(cursor) if cursor else None
    named = _named(name, conditions, after) if name else None
    time_and_id = (named.c.submitted_at, named.c.request_id) if named is not None else TIME_AND_ID
    found = (
        select(TrackedRequest)
        .options(load_only(*(getattr(TrackedRequest, name) for name in LISTED), raiseload=True))
        .where(*conditions)
        .order_by(*(column.desc() for column in time_and_id))
        .limit(min(limit, MAX_LIMIT) + 1)
    )
    if named is not None:
        found = found.join(named, named.c.request_id == col(TrackedRequest.request_id))
    if after:
        found = found.where(tuple_(*time_and_id) < after)
    requests = list(await session.scalars(found))
    page = (
        Page(requests, None)
        if len(requests) <= min(limit, MAX_LIMIT)
        else Page(requests[:-1], _write_cursor(requests[-2]))
    )
    shown = [each.request_id for each in page.requests]
    await record_read(
        session, keyring.reads_key, by, "search" if filters.words else "list", shown, words=filters.words
    )
    return page


def _conditions(filters: Filters, at_rest: AtRest) -> list[ColumnElement[bool]]:
    equal = {
        TrackedRequest.queue: filters.queue,
        TrackedRequest.state: filters.state,
        TrackedRequest.service: filters.service,
    }
    conditions: list[ColumnElement[bool]] = [
        col(column) == value for column, value in equal.items() if value is not None
    ]
    if filters.submitted_after is not None:
        conditions.append(col(TrackedRequest.submitted_at) > filters.submitted_after)
    if filters.submitted_before is not None:
        conditions.append(col(TrackedRequest.submitted_at) < filters.submitted_before)
    if filters.overdue_at is not None:
        conditions += [col(TrackedRequest.due_at) < filters.overdue_at, col(TrackedRequest.state).in_(OPEN)]
    words = visible(filters.words or "")
    if "@" in words:
        conditions.append(col(TrackedRequest.email_index).in_(at_rest.email_indexes(words)))
    elif is_personal_code(words):
        conditions.append(col(TrackedRequest.personal_code_index) == at_rest.index_personal_code(words))
    elif looks_like_work_number(words):
        conditions.append(col(TrackedRequest.work_number) == read_work_number(words))
    return conditions


def _name_of(filters: Filters) -> str | None:
    """Return what is a name in the words, if it is one."""
    words = visible(filters.words or "")
    return (
        words
        if words and "@" not in words and not is_personal_code(words) and not looks_like_work_number(words)
        else None
    )


def _named(words: str, conditions: Sequence[ColumnElement[bool]], after: tuple[Any, ...] | None) -> CTE:
    """Find people by their names, in the index alone.

    The family name begins with one of the words, the other names begin with the others.

    Added are the newest (`after` a cursor) of those that have all words in full, in whichever of their names.
    """
    names = sorted(set(name_words(words)))[:MAX_WORDS]
    key = col(TrackedRequest.name_key)
    found = select(TrackedRequest.request_id, TrackedRequest.submitted_at)
    # Whichever word the family name begins with: the others are looked for among those that do, in the index
    # too.
    ranges = [
        found.where(
            key.op("~>=~")(begins),
            key.op("~<~")(begins + LAST_LETTER),
            *(key.like(f"% {other}%") for other in names if other != begins),
        )
        for begins in names
    ] or [found.where(false())]
    if names:
        newest = found.where(
            NAME_WORDS.contains(names), *conditions, *([tuple_(*TIME_AND_ID) < after] if after else [])
        )
        ranges.append(newest.order_by(*(column.desc() for column in TIME_AND_ID)).limit(MAX_LIMIT + 1))
    # In order already, so that the newest can be taken without looking at the rows of all others.
    return (
        union(*ranges)
        .order_by(text("submitted_at desc, request_id desc"))
        .cte("named")
        .prefix_with("materialized")
    )


def looks_like_work_number(words: str) -> bool:
    """Return whether somebody seems to mean a work number: mostly digits, and no henkilötunnus."""
    return sum(letter.isdigit() for letter in words) * 2 > len(
        words.replace(" ", "")
    ) and not is_personal_code(words)


def _write_cursor(last: TrackedRequest) -> str:
    return (
        base64.urlsafe_b64encode(f"{last.submitted_at.isoformat()}/{last.request_id}".encode())
        .decode()
        .rstrip("=")
    )


def _read_cursor(cursor: str) -> tuple[Any, ...]:
    try:
        moment, _, request_id = (
            base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
            .decode()
            .partition("/")
        )
        return (datetime.fromisoformat(moment).astimezone(timezone.utc), UUID(request_id))
    except (binascii.Error, ValueError, OverflowError):
        raise InvalidFields([{"field": "cursor", "message": "Not a cursor of ours"}]) from None
