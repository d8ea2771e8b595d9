"""What the journeys do over HTTP: send, look up, handle, read mail.

Given the addresses of a running stack.
"""

import asyncio
import email
import email.policy
import re
from email.message import EmailMessage
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx

from tests.eventually import eventually

Addresses = dict[str, Any]
MINUTE = 60.0


def fresh_address() -> str:
    """Return an e-mail address that no other test uses."""
    return f"anna.{uuid4().hex[:12]}@esimerkki.fi"


async def example_form(
    client: httpx.AsyncClient, addresses: Addresses, service: str, address: str
) -> dict[str, Any]:
    """Return the form that the API itself offers as an example, with an e-mail address of the test's own."""
    answer = await client.get(f"{addresses['intake']}/api/v1/services/{service}")
    example: dict[str, Any] = answer.raise_for_status().json()["form_schema"]["examples"][0]
    return example | {"email": address}


async def submit(
    client: httpx.AsyncClient,
    addresses: Addresses,
    service: str,
    form: dict[str, Any],
    *,
    key: str | None = None,
    language: str = "fi",
) -> httpx.Response:
    """Send one request over the API."""
    return await client.post(
        f"{addresses['intake']}/api/v1/requests",
        json={"service": service, "language": language, "form": form},
        headers={"Idempotency-Key": key or uuid4().hex},
    )


async def submit_example(
    client: httpx.AsyncClient, addresses: Addresses, address: str, service: str = "pyyda-laskukopio"
) -> str:
    """Send the example of a service that asks for no identification; return the request id."""
    answer = await submit(client, addresses, service, await example_form(client, addresses, service, address))
    assert answer.status_code == 202, answer.text
    return str(answer.json()["request_id"])


async def number_of(
    client: httpx.AsyncClient, addresses: Addresses, request_id: str, *, within: float = 10.0
) -> str:
    """Wait for the work number of a request."""

    async def numbered() -> str:
        answer = await client.get(f"{addresses['intake']}/api/v1/requests/{request_id}")
        number = answer.raise_for_status().json()["work_number"]
        assert re.fullmatch(r"\d{9,10}", number or ""), answer.text
        return str(number)

    return await eventually(numbered, within)


async def back_office(client: httpx.AsyncClient, addresses: Addresses) -> dict[str, str]:
    """Get the demo back office's token, as the header that carries it."""
    credentials = addresses["credentials"]["backoffice"]
    answer = await client.post(
        credentials["token_endpoint"],
        data={"grant_type": "client_credentials", "scope": credentials["scope"]},
        auth=(credentials["client_id"], credentials["client_secret"]),
    )
    return {"Authorization": f"Bearer {answer.raise_for_status().json()['access_token']}"}


async def resolve(client: httpx.AsyncClient, addresses: Addresses, request: str, text: str) -> httpx.Response:
    """Resolve a request (by its id or work number) through the tracker's API."""
    url = f"{addresses['tracker']}/api/v1/requests/{request}/resolve"
    return await client.post(url, json={"text": text}, headers=await back_office(client, addresses))


async def mails_to(client: httpx.AsyncClient, addresses: Addresses, address: str) -> list[EmailMessage]:
    """Return the mails that an address has got, oldest first."""
    raws = (
        await _from_maildir(addresses, address)
        if addresses.get("maildir")
        else await _from_mailpit(client, addresses, address)
    )
    mails = [email.message_from_bytes(raw, policy=email.policy.default) for raw in raws]
    return [mail for mail in mails if isinstance(mail, EmailMessage) and address in _recipients(mail)]


def _recipients(mail: EmailMessage) -> list[str]:
    return [each.addr_spec for each in mail["To"].addresses]


async def wait_for_mails(
    client: httpx.AsyncClient, addresses: Addresses, address: str, count: int, *, within: float = 15.0
) -> list[EmailMessage]:
    """Wait until an address has got exactly `count` mails."""

    async def arrived() -> list[EmailMessage]:
        mails = await mails_to(client, addresses, address)
        assert len(mails) == count, (
            f"{len(mails)} mails instead of {count}: {[str(mail['Subject']) for mail in mails]}"
        )
        return mails

    return await eventually(arrived, within)


async def wait_for_some_mail(
    client: httpx.AsyncClient, addresses: Addresses, address: str, *, within: float
) -> list[EmailMessage]:
    """Wait until an address has got any mail; return all that it has."""

    async def arrived() -> list[EmailMessage]:
        mails = await mails_to(client, addresses, address)
        assert mails, f"no mail to {address}"
        return mails

    return await eventually(arrived, within)


def text_of(mail: EmailMessage, kind: str = "plain") -> str:
    """Return the text or HTML of a mail."""
    part = mail.get_body((kind,))
    assert part is not None
    return str(part.get_content())


async def _from_maildir(addresses: Addresses, address: str) -> list[bytes]:
    def read() -> list[bytes]:
        files = sorted(
            path for path in Path(addresses["maildir"]).glob("*/*") if path.parent.name in {"new", "cur"}
        )
        contents = [path.read_bytes() for path in sorted(files, key=lambda path: path.stat().st_mtime_ns)]
        return [content for content in contents if address.encode() in content]

    return await asyncio.to_thread(read)


async def _from_mailpit(client: httpx.AsyncClient, addresses: Addresses, address: str) -> list[bytes]:
    found = await client.get(
        f"{addresses['mailbox']}/api/v1/search", params={"query": f'to:"{address}"', "limit": 50}
    )
    ids = [message["ID"] for message in reversed(found.raise_for_status().json()["messages"])]
    return [(await client.get(f"{addresses['mailbox']}/api/v1/message/{each}/raw")).content for each in ids]
