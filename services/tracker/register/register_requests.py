"""The two statements that register a batch of requests, however many there are."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

REQUEST_COLUMNS = {
    "work_number": "text",
    "service": "text",
    "service_title": "text",
    "service_title_fi": "text",
    "role": "text",
    "language": "text",
    "authentication": "text",
    "channel": "text",
    "queue": "text",
    "submitted_at": "timestamptz",
    "registered_at": "timestamptz",
    "due_at": "timestamptz",
    "retention_days": "int",
    "body_digest": "text",
    "sealed_contact": "text",
    "first_name": "text",
    "last_name": "text",
    "phone": "text",
    "email": "text",
    "business_id": "text",
    "name_key": "text",
    "email_index": "bytea",
    "personal_code": "bytea",
    "personal_code_index": "bytea",
}
GIVEN = {
    "request_id": "uuid",
    **REQUEST_COLUMNS,
    "answers_box": "bytea",
    "event_id": "uuid",
    "traceparent": "text",
    "value": "bytea",
}
"""What a new request's row and the first entry of its history need, with PostgreSQL's types."""

KNOWN_OR_NUMBERED = text("""
    select given.request_id, known.body_digest, case
        when known.request_id is null then nextval('work_number_sequence') end as n
    from unnest(cast(:request_ids as uuid[])) with ordinality as given (request_id, position)
    left join requests known on known.request_id = given.request_id
    order by given.position
""")

_NAMES = ", ".join(REQUEST_COLUMNS)
REGISTER = text(f"""
    with given as (
        select * from unnest({", ".join(f"cast(:{name} as {kind}[])" for name, kind in GIVEN.items())})
        with ordinality as given ({", ".join(GIVEN)}, position)
    ), registered as (
        insert into requests (request_id, {_NAMES}, answers_box, state, changed_at)
        select request_id, {_NAMES}, answers_box, 'received', registered_at from given order by position
        on conflict (request_id) do nothing
        returning request_id
    ), noted as (
        insert into history (request_id, event_id, type, occurred_at, actor_kind, action, state, traceparent,
            value)
        select request_id, event_id, 'request.registered.v1', registered_at, 'system', 'register', 'received',
            traceparent, value
        from given join registered using (request_id) order by position
    ), owed as (
        insert into owed_mails (event_id, request_id, template, since)
        select event_id, request_id, 'receipt', registered_at from given join registered using (request_id)
    ), counted as (
        insert into ledger_counts (name, n) select 'numbered', count(*) from registered having count(*) > 0
    )
    select request_id from registered
""")  # noqa: S608  made of the names above only


@dataclass(frozen=True, slots=True)
class Standing:
    """What is stored under a request id.

    The digest of the body that came first, or the next number of the sequence for a new one.
    """

    body_digest: str | None
    n: int | None


async def known_or_numbered(session: AsyncSession, request_ids: Sequence[UUID]) -> dict[UUID, Standing]:
    """Look the requests up, and draw a number for each that is new."""
    rows = await session.execute(KNOWN_OR_NUMBERED, {"request_ids": list(request_ids)})
    return {row.request_id: Standing(row.body_digest, row.n) for row in rows}


async def insert_requests(session: AsyncSession, rows: Sequence[Mapping[str, Any]]) -> set[UUID]:
    """Insert requests with the first entry of their history; gives those that were not there yet."""
    inserted = await session.execute(REGISTER, {name: [row[name] for row in rows] for name in GIVEN})
    return set(inserted.scalars())
