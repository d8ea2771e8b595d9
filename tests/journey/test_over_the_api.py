"""From the API to the resolution mail, through four services."""

import asyncio
from collections.abc import AsyncIterator
from urllib.parse import urlsplit
from uuid import uuid4

import httpx
import pytest

from tests.journey.client import (
    Addresses,
    example_form,
    fresh_address,
    mails_to,
    number_of,
    resolve,
    submit,
    submit_example,
    text_of,
    wait_for_mails,
)

RESOLUTION = "Laskukopio on lähetetty postitse.\nTerveisin Taloushallinto – ä & ö <3"


@pytest.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(timeout=30) as client:
        yield client


def grouped(number: str) -> str:
    return f"{number[:3]} {number[3:6]} {number[6:]}"


async def test_a_request_gets_its_number_its_receipt_and_its_resolution(
    stack: Addresses, client: httpx.AsyncClient
) -> None:
    address = fresh_address()
    request_id = await submit_example(client, stack, address)
    number = await number_of(client, stack, request_id)

    (receipt,) = await wait_for_mails(client, stack, address, 1)
    assert grouped(number) in str(receipt["Subject"])
    assert grouped(number) in text_of(receipt)
    assert grouped(number) in text_of(receipt, "html")
    assert receipt["X-Asiointi-Work-Number"] == number
    assert receipt["Auto-Submitted"] == "auto-replied"

    answer = await resolve(client, stack, number, RESOLUTION)
    assert answer.status_code == 200, answer.text
    again = await resolve(client, stack, request_id, RESOLUTION)
    assert again.status_code == 200, again.text

    receipt, resolution = await wait_for_mails(client, stack, address, 2)
    assert RESOLUTION in text_of(resolution).replace("\r\n", "\n")
    assert "ä &amp; ö &lt;3" in text_of(resolution, "html")
    assert resolution["In-Reply-To"] == receipt["Message-ID"]

    state = (await client.get(f"{stack['intake']}/api/v1/requests/{request_id}")).json()
    assert state == state | {"request_id": request_id, "work_number": number, "state": "resolved"}


async def test_every_service_without_identification_takes_its_own_example(
    stack: Addresses, client: httpx.AsyncClient
) -> None:
    services = (await client.get(f"{stack['intake']}/api/v1/services")).raise_for_status().json()
    assert {service["authentication"] for service in services} == {"none", "strong"}
    for service in services:
        answer = await submit(
            client,
            stack,
            service["code"],
            await example_form(client, stack, service["code"], fresh_address()),
        )
        assert answer.status_code == (202 if service["authentication"] == "none" else 401), (
            f"{service['code']}: {answer.text}"
        )


async def test_a_key_used_twice_is_one_request_and_one_mail(
    stack: Addresses, client: httpx.AsyncClient
) -> None:
    address, key = fresh_address(), uuid4().hex
    form = await example_form(client, stack, "pyyda-laskukopio", address)
    answers = await asyncio.gather(
        *(submit(client, stack, "pyyda-laskukopio", form, key=key) for _ in range(5))
    )
    assert {answer.status_code for answer in answers} == {202}
    (request_id,) = {answer.json()["request_id"] for answer in answers}
    other = await submit(client, stack, "pyyda-laskukopio", form | {"first_name": "Toinen"}, key=key)
    assert other.status_code == 409
    await number_of(client, stack, request_id)
    await wait_for_mails(client, stack, address, 1)
    marker = fresh_address()
    await submit_example(client, stack, marker)
    await wait_for_mails(client, stack, marker, 1)
    assert len(await mails_to(client, stack, address)) == 1


async def test_bad_input_is_told_by_field_in_the_asked_language(
    stack: Addresses, client: httpx.AsyncClient
) -> None:
    form = await example_form(client, stack, "pyyda-laskukopio", "not an address")
    form["personal_identity_code"] = "131052308T"
    for language in ("fi", "sv", "en"):
        answer = await submit(client, stack, "pyyda-laskukopio", form, language=language)
        assert answer.status_code == 422
        errors = {error["field"]: error["message"] for error in answer.json()["errors"]}
        assert set(errors) == {"email", "personal_identity_code"}
        assert answer.headers["content-type"].startswith("application/problem+json")
        if language == "fi":
            assert "viiva" in errors["personal_identity_code"]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b'{"service": 1}',
        b'{"service":"pyyda-laskukopio","language":"fi","form":[]}',
        b"\xff",
    ],
)
async def test_any_body_gets_an_answer_that_is_no_server_error(
    stack: Addresses, client: httpx.AsyncClient, body: bytes
) -> None:
    answer = await client.post(
        f"{stack['intake']}/api/v1/requests", content=body, headers={"Content-Type": "application/json"}
    )
    assert 400 <= answer.status_code < 500


async def test_a_connection_that_a_client_keeps_is_not_closed_under_its_next_request(
    stack: Addresses,
) -> None:
    at = urlsplit(stack["intake"])
    reader, writer = await asyncio.open_connection(at.hostname, at.port)
    for pause in (6, 0):
        writer.write(b"GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n")
        # Clients drop an idle connection after five seconds.
        answer = await asyncio.wait_for(reader.readuntil(b"}"), 5)
        assert answer.startswith(b"HTTP/1.1 200 OK")
        await asyncio.sleep(pause)
    writer.close()
