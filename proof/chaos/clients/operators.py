"""Simulated operators: retry mails that were refused permanently, and resend those that came back."""

import asyncio
from collections.abc import Mapping
from contextlib import suppress

import asyncpg
import httpx
from aiokafka.errors import KafkaError
from asyncpg.exceptions import InterfaceError, InternalClientError, PostgresError

from proof.chaos.clients.back_office import BackOffice

LOOK_SECONDS = 2.0
LIST_LIMIT = 500
AWAY = (
    OSError,
    TimeoutError,
    PostgresError,
    InterfaceError,
    InternalClientError,
    httpx.HTTPError,
    KafkaError,
    KeyError,
)


async def look_after_mails(
    http: httpx.AsyncClient, urls: Mapping[str, str], database: str, back_office: BackOffice
) -> None:
    """Handle failed and returned mails until cancelled; `urls` are those of tracker and notifier.

    `database` is notifier's, reached directly.
    """
    while True:
        with suppress(*AWAY):
            for each in await _failed(database):
                await http.post(
                    f"{urls['notifier']}/api/v1/deliveries/{each}/retry", headers=await back_office.headers()
                )
            await _send_returned_again(http, f"{urls['tracker']}/api/v1/returned-mails", back_office)
        await asyncio.sleep(LOOK_SECONDS)


async def _send_returned_again(http: httpx.AsyncClient, url: str, back_office: BackOffice) -> None:
    answer = await http.get(url, headers=await back_office.headers())
    for mail in answer.raise_for_status().json():
        # With an idempotency key, so that a call without an answer can be repeated.
        key = {"Idempotency-Key": f"{mail['event_id']}-{mail['sending']}"}
        await http.post(
            f"{url}/{mail['event_id']}/send-again", json={}, headers={**key, **await back_office.headers()}
        )


async def _failed(database: str) -> list[int]:
    connection = await asyncpg.connect(database, timeout=5)
    try:
        return [
            row["id"]
            for row in await connection.fetch(
                "select id from deliveries where state = 'failed' limit $1", LIST_LIMIT
            )
        ]
    finally:
        await connection.close()
