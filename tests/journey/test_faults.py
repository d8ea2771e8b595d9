"""With a part away nothing is lost, and what cannot be taken is told."""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from shared.events.envelope import Message
from shared.events.topics import SUBMITTED
from shared.kafka.connection import KafkaConnection
from shared.kafka.producer import EventProducer
from tests.eventually import eventually
from tests.journey.client import (
    Addresses,
    back_office,
    example_form,
    fresh_address,
    mails_to,
    number_of,
    submit,
    submit_example,
    wait_for_mails,
    wait_for_some_mail,
)
from tests.journey.processes import frozen, kill_process

BACK = 60.0


@pytest.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(timeout=30) as client:
        yield client


def pids(stack: Addresses) -> dict[str, int]:
    """Read the pids anew: a process that died has another since."""
    return dict(json.loads(Path(stack["file"]).read_text())["pids"])


async def test_with_kafka_away_a_request_is_taken_and_numbered_later(
    stack: Addresses, client: httpx.AsyncClient
) -> None:
    address = fresh_address()
    form = await example_form(client, stack, "pyyda-laskukopio", address)
    with frozen(pids(stack)["kafka"]):
        answer = await submit(client, stack, "pyyda-laskukopio", form, key=address)
        assert answer.status_code == 202, answer.text
        request_id = answer.json()["request_id"]
        state = (
            (await client.get(f"{stack['intake']}/api/v1/requests/{request_id}")).raise_for_status().json()
        )
        assert (state["state"], state["work_number"]) == ("accepted", None)
        again = await submit(client, stack, "pyyda-laskukopio", form, key=address)
        assert (again.status_code, again.json()["request_id"]) == (202, request_id)
        other = await submit(client, stack, "pyyda-laskukopio", form | {"first_name": "Toinen"}, key=address)
        assert other.status_code == 409
    await number_of(client, stack, request_id, within=BACK)
    await wait_for_mails(client, stack, address, 1, within=BACK)


async def test_with_kafka_and_the_spool_away_the_client_is_told_so(
    stack: Addresses, client: httpx.AsyncClient
) -> None:
    form = await example_form(client, stack, "pyyda-laskukopio", fresh_address())
    with frozen(pids(stack)["kafka"], pids(stack)["postgres"]):
        answer = await submit(client, stack, "pyyda-laskukopio", form, key="idempotency-key-both-away")
        assert answer.status_code == 503, answer.text
        assert int(answer.headers["Retry-After"]) > 0

    async def taken_again() -> str:
        answer = await submit(client, stack, "pyyda-laskukopio", form, key="idempotency-key-both-away")
        assert answer.status_code == 202
        return str(answer.json()["request_id"])

    request_id = await eventually(taken_again, BACK)
    await number_of(client, stack, request_id, within=BACK)


async def test_with_the_mail_server_away_the_receipt_comes_when_it_is_back(
    stack: Addresses, client: httpx.AsyncClient
) -> None:
    address = fresh_address()
    with frozen(pids(stack)["mailbox"]):
        request_id = await submit_example(client, stack, address)
        await number_of(client, stack, request_id)
        if stack.get("maildir"):  # a frozen Mailpit shows no mails either
            assert await mails_to(client, stack, address) == []
    await wait_for_mails(client, stack, address, 1, within=BACK)


@pytest.mark.parametrize(
    "name", ["tracker-worker", "notifier-worker", "tracker", "intake", "kafka", "postgres", "mailbox"]
)
async def test_whatever_is_killed_every_accepted_request_has_one_number_and_its_mail(
    stack: Addresses, client: httpx.AsyncClient, name: str
) -> None:
    accepted: dict[str, str] = {}

    async def send(count: int) -> None:
        for _ in range(count):
            address = fresh_address()
            try:
                accepted[address] = await submit_example(client, stack, address)
            except (httpx.TransportError, httpx.HTTPStatusError, AssertionError):
                await asyncio.sleep(0.2)  # told that it failed: not accepted

    sending = asyncio.create_task(send(30))
    await asyncio.sleep(0.3)
    kill_process(pids(stack)[name])
    await sending
    assert accepted
    numbers = [await number_of(client, stack, request_id, within=BACK) for request_id in accepted.values()]
    assert len(set(numbers)) == len(accepted)
    for address in accepted:
        mails = await wait_for_some_mail(client, stack, address, within=BACK)
        # A kill between the mail server's word and our commit may repeat a mail, and then it is the same
        # mail.
        assert len({mail["Message-ID"] for mail in mails}) == 1


async def test_random_bytes_on_the_topic_become_a_dead_letter_and_the_next_request_passes(
    stack: Addresses, client: httpx.AsyncClient
) -> None:
    async def letters() -> int:
        answer = await client.get(
            f"{stack['tracker']}/api/v1/dead-letters", headers=await back_office(client, stack)
        )
        return len(answer.raise_for_status().json()["dead_letters"])

    before = await letters()
    async with EventProducer(KafkaConnection(**stack["credentials"]["kafka_admin"]), "test") as producer:
        await producer.send(SUBMITTED, Message(b"\x00\xff", b"\x80 random bytes", []))
    request_id = await submit_example(client, stack, fresh_address())
    await number_of(client, stack, request_id)

    async def one_more() -> bool:
        return await letters() == before + 1

    await eventually(one_more)
