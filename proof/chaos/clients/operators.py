"""Operators, who put back the mails that a server refused for good."""

import asyncio

import asyncpg
import httpx
from aiokafka.errors import KafkaError
from asyncpg.exceptions import InterfaceError, PostgresError

from proof.chaos.clients.back_office import BackOffice

LOOK_SECONDS = 2.0
MOST = 500
AWAY = (OSError, TimeoutError, PostgresError, InterfaceError, httpx.HTTPError, KafkaError, KeyError)


async def put_refused_mails_back(http: httpx.AsyncClient, notifier: str, database: str, office: BackOffice) -> None:
    """Look after the queue of failed mails until cancelled; `database` is the notifier's, reached directly."""
    while True:
        try:
            for each in await _failed(database):
                await http.post(f"{notifier}/api/v1/deliveries/{each}/retry", headers=await office.headers())
        except AWAY:
            pass
        await asyncio.sleep(LOOK_SECONDS)


async def _failed(database: str) -> list[int]:
    connection = await asyncpg.connect(database, timeout=5)
    try:
        return [row["id"] for row in await connection.fetch("select id from deliveries where state = 'failed' limit $1", MOST)]
    finally:
        await connection.close()
