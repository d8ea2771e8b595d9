"""The rows that the bench fills in look like the product's own and never collide with a new request."""

import asyncio
from typing import Any

import asyncpg
import pytest

from deploy.keys import make
from deploy.prepare import migration_folders
from proof.bench.figures.figure import Figure
from proof.bench.growth.fill_tables import fill_tables
from proof.bench.growth.measure_growth import growth_figures
from services.tracker.work_number import work_number
from shared.database.engine import migrate
from shared.settings import decode_key
from shared.text.work_number import parse
from tests.conftest import FreshDatabase

TOTAL = 3_000
KEY = make()["work_number_key"]
INDEXES = "select indexdef from pg_indexes where schemaname = 'public' order by indexname"
CONSTRAINTS = (
    "select conname, pg_get_constraintdef(oid) from pg_constraint where contype in ('p', 'u') order by "
    "conname"
)

LAST_STATES_THAT_DIFFER = """
    select requests.state, last.state from requests
    left join (select distinct on (request_id) request_id, state from history order by request_id, id desc)
    last using (request_id)
    where last.state is distinct from requests.state
"""


@pytest.fixture
async def databases(fresh_database: FreshDatabase) -> dict[str, str]:
    made = {service: await fresh_database(service) for service in ("tracker", "notifier")}
    for service, dsn in made.items():
        await asyncio.to_thread(migrate, migration_folders()[service], dsn)
    return made


async def ask(dsn: str, query: str) -> list[tuple[Any, ...]]:
    connection = await asyncpg.connect(dsn)
    try:
        return [tuple(row) for row in await connection.fetch(query)]
    finally:
        await connection.close()


async def test_a_filled_system_is_one_that_the_product_could_have_left(databases: dict[str, str]) -> None:
    tracker, notifier = databases["tracker"], databases["notifier"]
    before = [await ask(dsn, query) for dsn in (tracker, notifier) for query in (INDEXES, CONSTRAINTS)]

    await fill_tables(databases, KEY, TOTAL)

    assert [
        await ask(dsn, query) for dsn in (tracker, notifier) for query in (INDEXES, CONSTRAINTS)
    ] == before
    key = decode_key(KEY)
    numbers = {number for (number,) in await ask(tracker, "select work_number from requests")}
    assert numbers == {work_number(n, key) for n in range(TOTAL)}
    assert all(parse(number) for number in numbers)
    assert await ask(tracker, "select nextval('work_number_sequence')") == [(TOTAL,)]
    # Every history ends in its request's state and has nothing left to publish; most requests are closed.
    assert await ask(tracker, LAST_STATES_THAT_DIFFER) == []
    assert await ask(tracker, "select count(*) from history where value is not null") == [(0,)]
    assert (await ask(tracker, "select count(*) filter (where state = 'closed') from requests"))[0][
        0
    ] > TOTAL * 0.9
    assert await ask(tracker, "select count(*) from history where occurred_at > now()") == [(0,)]
    # The ledger's counts are what a recount gives, and nothing is owed.
    recount = (
        "select (select count(*) from requests), (select count(distinct request_id) from history where "
        "action = 'resolve')"
    )
    counts = dict(await ask(tracker, "select name, n from ledger_counts"))
    assert [(counts["numbered"], counts["resolved"])] == await ask(tracker, recount)
    assert counts["receipted"] == counts["numbered"]
    # Every mail that tracker knows of is one that notifier has sent.
    told = await ask(tracker, "select request_id, cause_id, template, message_id from mail_outcomes")
    sent = await ask(
        notifier,
        "select request_id, event_id, template, message_id from deliveries where state = 'sent' and "
        "contents is null",
    )
    assert set(told) == set(sent)
    assert len(sent) > 1.9 * TOTAL


async def test_filling_again_begins_anew(databases: dict[str, str]) -> None:
    await fill_tables(databases, KEY, 100)
    await fill_tables(databases, KEY, 50)
    assert await ask(databases["tracker"], "select count(*) from requests") == [(50,)]


def test_what_grew_stands_beside_the_empty_system() -> None:
    def taken(answer: float, rate: float, newest: float) -> dict[str, Figure]:
        figures = (
            Figure("one-client.answer.p50", [answer], "ms", goal=3.5),
            Figure("one-client.answer.p99", [9.0], "ms"),
            Figure("capacity.requests", [rate], "1/s", better="higher"),
            Figure("reading.newest.ms", [newest], "ms"),
        )
        return {figure.name: figure for figure in figures}

    grown = {each.name: each for each in growth_figures(taken(2.0, 800, 5.0), taken(2.6, 700, 900.0))}
    assert list(grown) == [
        "growth.one-client.answer.p50",
        "growth.capacity.requests",
        "growth.reading.newest.ms",
    ]
    assert grown["growth.one-client.answer.p50"].ratio == pytest.approx(1.3)
    assert grown["growth.one-client.answer.p50"].met is False
    assert grown["growth.capacity.requests"].met
    assert grown["growth.reading.newest.ms"].met is False
