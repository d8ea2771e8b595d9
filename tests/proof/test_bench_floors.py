"""Floors are honest only if they do the whole job."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import asyncpg
import pytest

from deploy.failure import StartFailure
from deploy.ports import free_base
from deploy.processes import ROOT
from proof.bench.figures.alone import drain, drain_rate
from proof.bench.floors.bare_pipeline import running
from proof.bench.floors.insert_rows import insert
from proof.bench.floors.notifier import sample_mail, send_mails, send_with_library
from proof.bench.floors.records import FloorSettings
from proof.bench.load.load import Load
from proof.bench.load.send import send
from proof.bench.own_process import in_own_process
from proof.bench.sink.sink import open_sink
from services.intake.api.models import EXAMPLE
from shared.database.engine import migrate
from shared.kafka.connection import KafkaConnection

REQUESTS = 40
FreshDatabase = Callable[[str], Awaitable[str]]


def test_the_first_tenth_of_a_backlog_does_not_count() -> None:
    samples = [(0.0, 1000), (10.0, 1005), (11.0, 1010), (12.0, 1040), (14.0, 1100), (15.0, 1100)]
    assert drain_rate(samples, 1000, 100) == pytest.approx(90 / 3)


async def test_a_backlog_that_stays_is_told() -> None:
    async def stuck() -> int:
        return 3

    with pytest.raises(StartFailure, match="3 of 5"):
        await drain(stuck, 5, within=0.1)


def test_the_floors_send_the_products_own_mail() -> None:
    mail = sample_mail()
    assert mail.endswith(b"\r\n")
    assert b"Message-ID: <" in mail
    assert b"text/html" in mail


async def test_a_refusal_is_no_mail() -> None:
    async def refuse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 there\r\n")
        await reader.readline()
        writer.write(b"250-there\r\n250 PIPELINING\r\n")
        await reader.readline()
        writer.write(b"250 ok\r\n550 no\r\n503 no\r\n")
        await reader.read()
        writer.close()

    async with await asyncio.start_server(refuse, "127.0.0.1", 0) as server:
        recipients: asyncio.Queue[bytes] = asyncio.Queue()
        recipients.put_nowait(b"anna@bench.example")
        with pytest.raises(ConnectionError, match="550"):
            await send_mails(server.sockets[0].getsockname()[1], b"x\r\n", recipients)


async def test_the_library_loop_delivers_every_mail(tmp_path: Path) -> None:
    port = free_base(27_000)
    async with open_sink(port, tmp_path) as sink:
        assert await in_own_process(send_with_library, port, REQUESTS) > 0
        assert await sink.wait(REQUESTS, within=5) == REQUESTS
        assert len(sink.arrivals) == REQUESTS


async def test_a_floor_that_fails_ends_the_run() -> None:
    with pytest.raises(StartFailure, match="send_with_library failed"):
        await in_own_process(send_with_library, free_base(27_000), 1)


async def test_the_bare_pipeline_makes_one_mail_of_each_request_and_of_each_resolution(
    kafka: KafkaConnection, fresh_database: FreshDatabase, tmp_path: Path
) -> None:
    smtp, port = (base := free_base(27_000)), base + 1
    settings = FloorSettings("bench_test", kafka, await fresh_database("bench"), port, smtp)
    async with open_sink(smtp, tmp_path) as sink, running(settings):
        sent = await send(Load(port, "floor", EXAMPLE["form"], count=REQUESTS, clients=4))
        assert sent.accepted == REQUESTS
        await sink.wait(REQUESTS, within=20)
        assert len([at for at in sent.mailed(sink.arrivals) if at]) == REQUESTS
        resolved = await send(
            Load(port, "floor", EXAMPLE["form"], count=REQUESTS, clients=4, targets=sent.request_ids)
        )
        assert resolved.accepted == REQUESTS
        assert await sink.wait(2 * REQUESTS, within=20) == 2 * REQUESTS
        again = await send(
            Load(port, "floor", EXAMPLE["form"], count=1, clients=1, targets=sent.request_ids[:1])
        )
        assert again.accepted == 1
    connection = await asyncpg.connect(settings.database)
    assert (
        await connection.fetchval("select count(*) from bench_requests where state = 'resolved'") == REQUESTS
    )
    for table in ("bench_history", "bench_deliveries"):
        assert await connection.fetchval(f"select count(*) from {table}") == 2 * REQUESTS  # noqa: S608  ours
    assert await connection.fetchval("select count(*) from bench_history where value is not null") == 0
    await connection.close()


async def test_the_bare_endpoint_refuses_what_is_no_request(
    kafka: KafkaConnection, fresh_database: FreshDatabase, tmp_path: Path
) -> None:
    port = free_base(27_000)
    settings = FloorSettings("bench_endpoint", kafka, await fresh_database("bench"), port, port + 1)
    invalid = {**EXAMPLE["form"], "personal_identity_code": "none"}
    async with open_sink(port + 1, tmp_path), running(settings):
        for path in ("/api/v1/requests", "/bare"):
            assert (
                await send(Load(port, "e1", EXAMPLE["form"], count=2, clients=1, path=path))
            ).accepted == 2
        assert (await send(Load(port, "e0", invalid, count=2, clients=1, path="/bare"))).statuses == {422: 2}


async def test_rows_are_inserted_whatever_columns_a_table_has(fresh_database: FreshDatabase) -> None:
    dsn = await fresh_database("bench")
    await asyncio.to_thread(migrate, ROOT / "services" / "tracker" / "migrations", dsn)
    connection = await asyncpg.connect(dsn)
    rows = [{"name": "numbered", "n": number} for number in range(3)]
    await connection.execute(*await insert(connection, "ledger_counts", rows))
    assert [row["n"] for row in await connection.fetch("select n from ledger_counts order by id")][-3:] == [
        0,
        1,
        2,
    ]
    await connection.close()
