"""With a part away the ledger names the request that waits for it, and an alarm is told.

Afterwards nothing is overdue.
"""

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.eventually import eventually
from tests.journey.client import (
    Addresses,
    back_office,
    example_form,
    fresh_address,
    number_of,
    submit,
    submit_example,
    wait_for_mails,
)
from tests.journey.processes import frozen

SEEN, OVER = 25.0, 60.0


@pytest.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(timeout=30) as client:
        yield client


def pid(stack: Addresses, name: str) -> int:
    """Read the pid anew: a process that died has another since."""
    return int(json.loads(Path(stack["file"]).read_text())["pids"][name])


async def ledger(client: httpx.AsyncClient, stack: Addresses, headers: dict[str, str]) -> dict[str, Any]:
    answer = await client.get(f"{stack['tracker']}/api/v1/ledger", headers=headers)
    return dict(answer.raise_for_status().json())


async def at_rest(client: httpx.AsyncClient, stack: Addresses, headers: dict[str, str]) -> dict[str, Any]:
    """Return the ledger once every request of other tests has a number and a receipt, or a failed mail."""

    async def settled() -> dict[str, Any]:
        told = await ledger(client, stack, headers)
        assert (told["accepted"], told["receipts_waiting"]) == (told["numbered"], 0)
        return told

    return await eventually(settled, OVER)


def overdue(told: dict[str, Any], reason: str) -> list[str]:
    """Return the requests that are overdue for a reason."""
    return [
        late["request_id"]
        for each in told["overdue"]
        if each["reason"] == reason
        for late in each["requests"]
    ]


async def test_a_worker_that_stands_still_is_an_alarm_that_names_the_request(
    stack: Addresses, client: httpx.AsyncClient
) -> None:
    headers, address = await back_office(client, stack), fresh_address()
    before = await at_rest(client, stack, headers)
    with frozen(pid(stack, "tracker-worker")):
        request_id = await submit_example(client, stack, address)

        async def named() -> bool:
            told = await ledger(client, stack, headers)
            return request_id in overdue(told, "no-number") and any(
                each["place"] == "tracker.submitted" for each in told["overdue"]
            )

        await eventually(named, SEEN)

        async def metric() -> bool:
            return (
                'asiointi_overdue{reason="no-number"} 0.0'
                not in (await client.get(f"{stack['tracker']}/metrics")).text
            )

        await eventually(metric, SEEN)
    await number_of(client, stack, request_id, within=OVER)
    await wait_for_mails(client, stack, address, 1, within=OVER)

    async def settled() -> None:
        told = await ledger(client, stack, headers)
        assert not overdue(told, "no-number")
        assert (told["numbered"], told["receipted"], told["accepted"]) == tuple(
            before[stage] + 1 for stage in ("numbered", "receipted", "accepted")
        )

    await eventually(settled, OVER)


async def test_what_waits_in_the_spool_is_named_while_kafka_is_away(
    stack: Addresses, client: httpx.AsyncClient
) -> None:
    headers, address = await back_office(client, stack), fresh_address()
    form = await example_form(client, stack, "pyyda-laskukopio", address)
    with frozen(pid(stack, "kafka")):
        answer = await submit(client, stack, "pyyda-laskukopio", form)
        request_id = answer.raise_for_status().json()["request_id"]

        async def named() -> bool:
            told = await ledger(client, stack, headers)
            assert told["accepted"] is None
            return request_id in overdue(told, "spool") and any(
                (each["reason"], each["place"]) == ("unknown", "kafka") for each in told["overdue"]
            )

        await eventually(named, SEEN)
    await wait_for_mails(client, stack, address, 1, within=OVER)

    told = await at_rest(client, stack, headers)
    assert told["in_the_spool"] == 0
    assert not overdue(told, "spool")


async def test_a_receipt_that_no_mailbox_takes_is_an_alarm_until_an_operator_has_dealt_with_it(
    stack: Addresses, client: httpx.AsyncClient
) -> None:
    if not stack.get("maildir"):
        pytest.skip("Mailpit refuses nobody")
    headers, url = await back_office(client, stack), f"{stack['tracker']}/api/v1/failed-mails"
    request_id = await submit_example(client, stack, "perm-fail@esimerkki.fi")

    async def failed() -> str:
        assert request_id in overdue(await ledger(client, stack, headers), "mail-failed")
        listed = (await client.get(url, headers=headers)).raise_for_status().json()
        return str(next(mail["event_id"] for mail in listed if mail["request_id"] == request_id))

    event_id = await eventually(failed, SEEN)
    first = await attempts(client, stack, headers, request_id)
    (await client.post(f"{url}/{event_id}/retry", headers=headers)).raise_for_status()

    async def tried_and_failed_again() -> None:
        assert await attempts(client, stack, headers, request_id) == first + 1
        assert await failed() == event_id

    await eventually(tried_and_failed_again, SEEN)
    (await client.post(f"{url}/{event_id}/settle", headers=headers)).raise_for_status()
    assert request_id not in overdue(await ledger(client, stack, headers), "mail-failed")


async def attempts(
    client: httpx.AsyncClient, stack: Addresses, headers: dict[str, str], request_id: str
) -> int:
    answer = await client.get(
        f"{stack['notifier']}/api/v1/deliveries", params={"request_id": request_id}, headers=headers
    )
    return int(answer.raise_for_status().json()["deliveries"][0]["attempts"])
