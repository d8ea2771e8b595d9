"""A receipt that comes back after it was taken.

Seen by people, sent again to the right address, and no fault of the system.
"""

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from tests.eventually import eventually
from tests.journey.client import (
    Addresses,
    back_office,
    fresh_address,
    number_of,
    resolve,
    submit_example,
    text_of,
    wait_for_mails,
)

SEEN = 40.0


@pytest.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(timeout=30) as client:
        yield client


async def returned(
    client: httpx.AsyncClient, stack: Addresses, headers: dict[str, str], request_id: str
) -> dict[str, Any]:
    """Wait until a mail of a request is among those that came back."""

    async def listed() -> dict[str, Any]:
        answer = await client.get(f"{stack['tracker']}/api/v1/returned-mails", headers=headers)
        return dict(
            next(mail for mail in answer.raise_for_status().json() if mail["request_id"] == request_id)
        )

    return await eventually(listed, SEEN)


async def test_a_receipt_that_came_back_is_sent_again_to_the_right_address_and_so_is_the_resolution(
    stack: Addresses, client: httpx.AsyncClient
) -> None:
    if not stack.get("maildir"):
        pytest.skip("Mailpit returns nothing")
    headers, right = await back_office(client, stack), fresh_address()
    request_id = await submit_example(client, stack, "bounce@esimerkki.fi")
    number = await number_of(client, stack, request_id)
    mail = await returned(client, stack, headers, request_id)
    assert (mail["bounce"], mail["return_status"], mail["template"]) == ("hard", "5.1.1", "receipt")
    url = f"{stack['tracker']}/api/v1/returned-mails/{mail['event_id']}/send-again"
    (await client.post(url, json={"email": right}, headers=headers)).raise_for_status()
    (receipt,) = await wait_for_mails(client, stack, right, 1, within=SEEN)
    assert number[:3] in text_of(receipt)
    assert (await resolve(client, stack, request_id, "Lasku on lähetetty uudestaan.")).status_code == 200
    _, resolution = await wait_for_mails(client, stack, right, 2, within=SEEN)
    assert "Lasku on lähetetty uudestaan." in text_of(resolution)
    # The thread begins with the receipt that arrived.
    assert receipt["Message-ID"] in str(resolution["References"])

    async def told() -> None:
        shown = (
            (await client.get(f"{stack['tracker']}/api/v1/requests/{request_id}", headers=headers))
            .raise_for_status()
            .json()
        )
        assert shown["person"]["email"] == right
        kinds = {each["type"] for each in shown["timeline"]}
        assert {"mail.bounced.v1", "mail.sent_again", "request.contact_corrected.v1", "mail.sent.v1"} <= kinds

    await eventually(told, SEEN)
    ledger = (
        (await client.get(f"{stack['tracker']}/api/v1/ledger", headers=headers)).raise_for_status().json()
    )
    assert request_id not in [
        late["request_id"] for overdue in ledger["overdue"] for late in overdue["requests"]
    ]


async def test_a_mail_that_is_late_is_a_line_on_the_timeline_alone(
    stack: Addresses, client: httpx.AsyncClient
) -> None:
    if not stack.get("maildir"):
        pytest.skip("Mailpit returns nothing")
    headers = await back_office(client, stack)
    request_id = await submit_example(client, stack, "soft-bounce@esimerkki.fi")

    async def told() -> None:
        shown = (
            (await client.get(f"{stack['tracker']}/api/v1/requests/{request_id}", headers=headers))
            .raise_for_status()
            .json()
        )
        assert "soft" in [
            each["details"].get("bounce") for each in shown["timeline"] if each["kind"] == "mail"
        ]

    await eventually(told, SEEN)
    listed = (
        (await client.get(f"{stack['tracker']}/api/v1/returned-mails", headers=headers))
        .raise_for_status()
        .json()
    )
    assert request_id not in [mail["request_id"] for mail in listed]
