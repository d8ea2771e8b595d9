"""What a stranger is not let do: fill a mailbox, the queues or the memory; and everybody else goes on."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from uuid import uuid4

import asyncpg
import httpx
import pytest
from starlette.requests import HTTPConnection

from services.intake.limits import (
    CANARIES,
    DRAFTS,
    IDENTIFICATIONS,
    MAX_STREAMS,
    OF_ONE_PERSON,
    RECEIPTS,
    RECEIPTS_FROM_ONE,
    SUBMISSIONS,
    mailbox_of,
)
from shared.database.engine import open_database
from shared.kafka.connection import KafkaConnection
from shared.limits.exchange import exchange_once
from shared.limits.limit import Limit, Limits, TooMany
from tests.eventually import eventually
from tests.service.intake.request_bodies import PERSON, invoice_copy
from tests.service.intake.running_intake import Running, make_settings, running_intake
from tests.service.intake.site.test_drafts import ANNA, CODE, STRONG, Browser, token_of, value_of, whole_form

STREETS = [f"192.0.2.{number}" for number in range(1, 101)]

PAY = {
    "employer": "Mallilan kunta",
    "period_start": "1/2026",
    "period_end": "2/2026",
    "delivery": "kirje",
    "purpose": "pankki",
}


@pytest.fixture
async def strict(kafka: KafkaConnection, intake_database: str) -> AsyncIterator[Running]:
    """Return an intake with the limits that it has when nobody sets them."""
    async with running_intake(make_settings(kafka, intake_database, limits_times=1)) as running:
        yield running


def caller(intake: Running, address: str) -> httpx.AsyncClient:
    """Return a client that comes from an address of its own."""
    transport = httpx.ASGITransport(intake.app, raise_app_exceptions=False, client=(address, 40_000))
    return httpx.AsyncClient(transport=transport, base_url="http://intake.test")


async def test_two_hundred_requests_fill_nobodys_mailbox(strict: Running) -> None:
    answers = []
    for number in range(200):
        async with caller(strict, STREETS[number % 100]) as client:
            answers.append(
                await client.post(
                    "/api/v1/requests",
                    json=invoice_copy(email="Uhri@Example.com" if number % 2 else "uhri@example.com"),
                )
            )
    accepted = [answer for answer in answers if answer.status_code == 202]
    assert len(accepted) == RECEIPTS.most
    refused = next(answer for answer in answers if answer.status_code == 429)
    assert refused.headers["content-type"] == "application/problem+json"
    assert refused.json()["title"] == "Liian monta pyyntöä lyhyessä ajassa. Yritä myöhemmin uudelleen."
    assert 1 <= int(refused.headers["retry-after"]) <= 2 * RECEIPTS.seconds
    async with caller(strict, STREETS[0]) as client:
        assert (await client.post("/api/v1/requests", json=invoice_copy())).status_code == 202, (
            "everybody else goes on"
        )


@pytest.mark.parametrize(
    ("spelling", "mailbox"),
    [
        ("Uhri@Example.COM", "uhri@example.com"),
        ("uhri+7@example.com", "uhri@example.com"),
        ("uhri+a+b@example.com", "uhri@example.com"),
        ("u.h.ri@example.com", "u.h.ri@example.com"),
        ("U.h.ri+x@GoogleMail.com", "uhri@gmail.com"),
        ("aino@häme.fi", "aino@xn--hme-qla.fi"),
        ("+7@example.com", "+7@example.com"),
    ],
)
def test_all_spellings_of_a_mailbox_are_counted_as_one(spelling: str, mailbox: str) -> None:
    assert mailbox_of(spelling) == mailbox


async def test_a_mailbox_is_not_filled_by_spelling_its_address_in_other_ways(strict: Running) -> None:
    async with caller(strict, STREETS[0]) as stranger:
        statuses = [
            (
                await stranger.post("/api/v1/requests", json=invoice_copy(email=f"uhri+{number}@example.com"))
            ).status_code
            for number in range(25)
        ]
    assert statuses == [202] * RECEIPTS_FROM_ONE.most + [429] * (25 - RECEIPTS_FROM_ONE.most)


async def test_one_caller_alone_uses_up_nobodys_address(strict: Running) -> None:
    async with caller(strict, STREETS[0]) as stranger, caller(strict, STREETS[1]) as owner:
        statuses = [
            (await stranger.post("/api/v1/requests", json=invoice_copy())).status_code
            for _ in range(RECEIPTS.most)
        ]
        assert statuses == [202] * RECEIPTS_FROM_ONE.most + [429] * (RECEIPTS.most - RECEIPTS_FROM_ONE.most)
        assert (await owner.post("/api/v1/requests", json=invoice_copy())).status_code == 202


async def test_one_caller_does_not_fill_the_queues_and_a_whole_ipv6_network_is_one(strict: Running) -> None:
    statuses = []
    for number in range(SUBMISSIONS.most + 20):
        async with caller(strict, f"2001:db8::{number:x}") as client:
            statuses.append(
                (
                    await client.post("/api/v1/requests", json=invoice_copy(email=f"a{number}@example.com"))
                ).status_code
            )
    assert statuses == [202] * SUBMISSIONS.most + [429] * 20
    async with caller(strict, "2001:db8:0:1::1") as client:
        assert (
            await client.post("/api/v1/requests", json=invoice_copy(email="b@example.com"))
        ).status_code == 202


async def test_the_hidden_test_request_has_a_limit_of_its_own(strict: Running) -> None:
    canary = {"service": "canary", "language": "fi", "form": PERSON | {"run": "7"}}
    async with caller(strict, STREETS[0]) as stranger, caller(strict, STREETS[1]) as tracker:
        statuses = [
            (await stranger.post("/api/v1/requests", json=canary)).status_code
            for _ in range(CANARIES.most + 3)
        ]
        assert statuses == [202] * CANARIES.most + [429] * 3
        assert (await stranger.post("/api/v1/requests", json=invoice_copy())).status_code == 202, (
            "real requests are counted apart"
        )
        assert (await tracker.post("/api/v1/requests", json=canary)).status_code == 202


async def test_a_portal_sends_for_many_people(kafka: KafkaConnection, intake_database: str) -> None:
    settings = make_settings(kafka, intake_database, limits_times=1, portals="192.0.2.0/28, 2001:db8::/48")
    async with running_intake(settings) as intake, caller(intake, "192.0.2.7") as client:
        sent = [
            await client.post("/api/v1/requests", json=invoice_copy(email=f"a{number}@example.com"))
            for number in range(SUBMISSIONS.most + 5)
        ]
    assert {answer.status_code for answer in sent} == {202}


@pytest.mark.parametrize(
    ("language", "said"), [("fi", "Odota hetki"), ("sv", "Vänta en stund"), ("en", "Wait a moment")]
)
async def test_the_site_says_so_in_the_pages_language_and_keeps_what_was_typed(
    strict: Running, language: str, said: str
) -> None:
    browser = Browser(strict)
    for _ in range(RECEIPTS_FROM_ONE.most):
        form = await whole_form(browser)
        assert (await browser.send(CODE, form)).status_code == 303
        await browser.send(CODE, {}, to="/uusi")
    form = await whole_form(browser)
    refused = await browser.send(CODE, form, language)
    assert refused.status_code == 429
    assert int(refused.headers["retry-after"]) > 0
    assert said in refused.text
    assert value_of(refused.text, "first_name") == PERSON["first_name"]
    assert token_of(refused.text) == form["token"]
    assert value_of(await browser.page(), "first_name") == PERSON["first_name"], "kept as a draft too"


async def test_an_identified_person_is_counted_as_that_person(strict: Running) -> None:
    statuses = []
    for number in range(OF_ONE_PERSON.most + 1):
        browser = Browser(strict)
        browser.identify(ANNA)
        form = PAY | {
            "token": token_of(await browser.page(STRONG)),
            "email": f"a{number}@example.com",
            "phone": PERSON["phone"],
        }
        statuses.append((await browser.send(STRONG, form)).status_code)
    assert statuses == [303] * OF_ONE_PERSON.most + [429]


async def test_an_identified_person_fills_nobodys_mailbox(strict: Running) -> None:
    statuses = []
    for _ in range(RECEIPTS_FROM_ONE.most + 1):
        browser = Browser(strict)
        browser.identify(ANNA)
        form = PAY | {
            "token": token_of(await browser.page(STRONG)),
            "email": "uhri@example.com",
            "phone": PERSON["phone"],
        }
        statuses.append((await browser.send(STRONG, form)).status_code)
    assert statuses == [303] * RECEIPTS_FROM_ONE.most + [429]


async def test_identifications_are_begun_so_often_and_no_more(strict: Running) -> None:
    statuses = [
        (await strict.client.get(f"/fi/tunnistaudu/{STRONG}")).status_code
        for _ in range(IDENTIFICATIONS.most + 1)
    ]
    assert statuses == [503] * IDENTIFICATIONS.most + [429]  # the provider is away
    assert "Odota hetki" in (await strict.client.get(f"/fi/tunnistaudu/{STRONG}")).text


async def test_drafts_that_come_too_often_are_not_kept_and_the_form_goes_on(
    strict: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("services.intake.limits.DRAFTS", Limit(DRAFTS.name, 2, DRAFTS.seconds))
    browser = Browser(strict)
    form = await whole_form(browser)
    assert [await browser.keep(CODE, form) for _ in range(3)] == ["kept", "kept", "away"]
    assert (await browser.send(CODE, form)).status_code == 303


async def test_nobody_waits_for_the_number_of_a_request_that_is_not_known(strict: Running) -> None:
    assert (await strict.client.get(f"/fi/kiitos/{uuid4()}/tapahtumat")).status_code == 404


async def test_one_caller_holds_so_many_streams_open_and_no_more(strict: Running) -> None:
    sent = (await strict.client.post("/api/v1/requests", json=invoice_copy())).json()["request_id"]
    caller_limits = strict.intake.caller_limits
    async with AsyncExitStack() as stack:
        for _ in range(MAX_STREAMS):
            stack.enter_context(caller_limits.stream(connection_from("127.0.0.1")))
        answer = await strict.client.get(f"/fi/kiitos/{sent}/tapahtumat")
        assert answer.status_code == 429
        assert answer.headers["retry-after"] == "10"
        with caller_limits.stream(connection_from("192.0.2.1")):
            pass
    with caller_limits.stream(connection_from("127.0.0.1")):
        pass


def connection_from(address: str) -> HTTPConnection:
    """Return a connection as routes see it."""
    return HTTPConnection({"type": "http", "client": (address, 40_000), "headers": []})


async def test_processes_tell_each_other_and_go_on_alone_while_the_database_is_away(
    intake_database: str,
) -> None:
    key, limit = b"k" * 32, Limit("submissions", 10, 3_600)
    one, two = Limits(key), Limits(key)
    async with open_database(intake_database) as sessions:
        for _ in range(6):
            one.hit(limit, "somebody")
        two.hit(limit, "somebody")
        for limits in (one, two, one):
            await exchange_once(limits, sessions)
        for _ in range(3):
            two.hit(limit, "somebody")
        with pytest.raises(TooMany):
            two.hit(limit, "somebody")
    database = await asyncpg.connect(intake_database)
    try:
        (row,) = await database.fetch("select * from limit_counts")
        assert (row["count"], b"somebody" in row["who"]) == (7, False)
    finally:
        await database.close()
    async with open_database("postgresql://nobody:x@127.0.0.1:9/nobody") as away:
        with pytest.raises(OSError, match="Connect"):
            await asyncio.wait_for(exchange_once(two, away), 5)
    with pytest.raises(TooMany):
        two.hit(limit, "somebody")


async def test_what_is_over_is_removed(intake_database: str, strict: Running) -> None:
    assert strict.intake.caller_limits
    database = await asyncpg.connect(intake_database)

    async def is_removed() -> bool:
        return not await database.fetchval("select count(*) from limit_counts where \"limit\" = 'x'")

    try:
        await database.execute(
            "insert into limit_counts values ('x', '\\x00', 1, 1, now() - interval '1 second')"
        )
        await eventually(is_removed)
    finally:
        await database.close()
