"""What an earlier version accepted, this one finishes.

Its databases migrate, its records are read, its mails go.
"""

import asyncio
import email
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.eventually import eventually
from tests.infra.stack import RunningStack, running_stack
from tests.journey.client import back_office, number_of, resolve, submit_example, text_of, wait_for_mails
from tests.journey.earlier_data import restore, told

SETTLED = 60.0


@pytest.fixture(scope="module")
async def upgraded(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[RunningStack]:
    folder = tmp_path_factory.mktemp("upgrade")
    await restore(folder / "data")
    async with running_stack(folder) as running:
        yield running


@pytest.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(timeout=30) as client:
        yield client


async def test_what_was_accepted_before_gets_its_number_and_its_receipt(
    upgraded: RunningStack, client: httpx.AsyncClient
) -> None:
    addresses = upgraded.addresses
    for request_id in (*told().unread, *told().spooled):
        await number_of(client, addresses, request_id, within=SETTLED)
    for address in (*told().unmailed.values(), *told().unread.values(), *told().spooled.values()):
        (mail,) = await wait_for_mails(client, addresses, address, 1, within=SETTLED)
        assert "työnumero" in text_of(mail).casefold()


async def test_what_was_registered_before_can_be_read_and_handled(
    upgraded: RunningStack, client: httpx.AsyncClient
) -> None:
    addresses, headers = upgraded.addresses, await back_office(client, upgraded.addresses)
    for request_id, address in {**told().registered, **told().resolved, **told().waiting}.items():
        answer = await client.get(f"{addresses['tracker']}/api/v1/requests/{request_id}", headers=headers)
        facts: dict[str, Any] = answer.raise_for_status().json()
        assert facts["person"]["email"] == address
    for request_id, address in told().registered.items():
        assert (
            await resolve(client, addresses, request_id, "Lasku on lähetetty uudestaan.")
        ).status_code == 200
        (mail,) = await wait_for_mails(client, addresses, address, 1, within=SETTLED)
        assert "Lasku on lähetetty uudestaan." in text_of(mail)


async def test_a_mail_that_failed_before_can_be_tried_again(
    upgraded: RunningStack, client: httpx.AsyncClient
) -> None:
    addresses, headers = upgraded.addresses, await back_office(client, upgraded.addresses)
    answer = await client.get(f"{addresses['tracker']}/api/v1/failed-mails", headers=headers)
    (failed,) = [
        each for each in answer.raise_for_status().json() if each["request_id"] in told().failed_mail
    ]
    again = await client.post(
        f"{addresses['tracker']}/api/v1/failed-mails/{failed['event_id']}/retry", headers=headers
    )
    assert again.is_success, again.text


async def test_the_ledger_adds_up_and_nothing_new_is_lost(
    upgraded: RunningStack, client: httpx.AsyncClient
) -> None:
    addresses, headers = upgraded.addresses, await back_office(client, upgraded.addresses)
    request_id = await submit_example(client, addresses, "uusi@esimerkki.fi")
    await number_of(client, addresses, request_id, within=SETTLED)
    await wait_for_mails(client, addresses, "uusi@esimerkki.fi", 1, within=SETTLED)

    async def settled() -> None:
        ledger = (
            (await client.get(f"{addresses['tracker']}/api/v1/ledger", headers=headers))
            .raise_for_status()
            .json()
        )
        assert ledger["accepted"] == ledger["numbered"] == 14
        assert ledger["receipts_waiting"] == 0
        assert {each["reason"] for each in ledger["overdue"]} <= {"dead-letter", "mail-failed"}

    await eventually(settled, SETTLED)


async def test_no_mail_came_twice(upgraded: RunningStack) -> None:
    ids = await asyncio.to_thread(_message_ids, Path(upgraded.addresses["maildir"]))
    assert ids
    assert len(ids) == len(set(ids))


def _message_ids(maildir: Path) -> list[str]:
    return [
        email.message_from_bytes(path.read_bytes())["Message-ID"]
        for path in maildir.glob("*/*")
        if path.is_file()
    ]
