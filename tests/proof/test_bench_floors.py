"""Floors are honest only if they do the whole job."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import asyncpg
import pytest

from deploy.failure import StartFailure
from deploy.ports import free_base
from deploy.processes import ROOT
from deploy.supervise import Supervisor
from proof.bench.floors.drain import drain, drain_rate
from proof.bench.floors.endpoint import FASTEST
from proof.bench.floors.inserts import insert_of
from proof.bench.floors.programs import app_program, pipeline_programs, run_once
from proof.bench.floors.sample_mail import sample_mail
from proof.bench.floors.settings import prepare
from proof.bench.floors.smtp_connection import Refused, SmtpConnection, ended
from proof.bench.load import Load, generator
from proof.bench.sink import timed_sink
from services.intake.api_models import EXAMPLE
from shared.database import migrate
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


def test_a_mail_made_ready_ends_once_and_stuffs_its_dots() -> None:
    ready = ended(b"Subject: x\r\n\r\n.one\r\n..two\r\n")
    assert ready == b"Subject: x\r\n\r\n..one\r\n...two\r\n.\r\n"


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
        connection = await SmtpConnection.open(server.sockets[0].getsockname()[1])
        with pytest.raises(Refused, match="550"):
            await connection.send(b"anna@bench.example", ended(b"x\r\n"))
        connection.close()


@pytest.mark.parametrize("way", ["library", "fastest"])
async def test_the_raw_loop_delivers_every_mail(tmp_path: Path, way: str) -> None:
    port = free_base(27_000)
    async with timed_sink(port, tmp_path) as sink:
        rate = await run_once("smtp_loop", str(port), str(REQUESTS), way)
        assert await sink.wait(REQUESTS, within=5) == REQUESTS
        assert len(sink.arrivals) == REQUESTS
    assert rate > 0


async def test_the_bare_pipeline_makes_one_mail_of_each_request(
    kafka: KafkaConnection, fresh_database: FreshDatabase, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    smtp, port = (base := free_base(27_000)), base + 1
    settings = await prepare(kafka, await fresh_database("bench"), smtp)
    supervisor = Supervisor(tmp_path, print)
    async with timed_sink(smtp, tmp_path) as sink:
        try:
            await asyncio.gather(*map(supervisor.start, pipeline_programs(settings, port, tmp_path)))
            load = Load(port, "floor", EXAMPLE["form"], count=REQUESTS, clients=4)
            async with generator(load, tmp_path) as ready:
                sent = await ready.go()
            assert sent.accepted == REQUESTS
            await sink.wait(REQUESTS, within=20)
            assert len([at for at in sent.mailed(sink.arrivals) if at]) == REQUESTS
        finally:
            await supervisor.stop(list(supervisor.pids))
    connection = await asyncpg.connect(settings.database)
    for table in ("bench_requests", "bench_history", "bench_deliveries"):
        assert await connection.fetchval(f"select count(*) from {table}") == REQUESTS  # noqa: S608  ours
    assert await connection.fetchval("select count(*) from bench_history where value is not null") == 0
    await connection.close()
    assert "ended" not in capfd.readouterr().out


async def test_the_bare_endpoint_refuses_what_is_no_request(kafka: KafkaConnection, fresh_database: FreshDatabase, tmp_path: Path) -> None:
    port = free_base(27_000)
    settings = await prepare(kafka, await fresh_database("bench"), port + 1)
    supervisor = Supervisor(tmp_path, print)
    try:
        await supervisor.start(app_program("floor-endpoint", "endpoint", settings, port))
        async with generator(Load(port, "e0", {**EXAMPLE["form"], "personal_identity_code": "none"}, count=2, clients=1), tmp_path) as ready:
            assert (await ready.go()).statuses == {422: 2}
        for path in ("/api/v1/requests", FASTEST):
            async with generator(Load(port, "e1", EXAMPLE["form"], count=2, clients=1, path=path), tmp_path) as ready:
                assert (await ready.go()).accepted == 2
    finally:
        await supervisor.stop(list(supervisor.pids))


async def test_rows_are_inserted_whatever_columns_a_table_has(fresh_database: FreshDatabase) -> None:
    dsn = await fresh_database("bench")
    await asyncio.to_thread(migrate, ROOT / "services" / "tracker" / "migrations", dsn)
    connection = await asyncpg.connect(dsn)
    rows = [{"name": "numbered", "n": number} for number in range(3)]
    insert = await insert_of(connection, "ledger_counts", rows)
    await connection.execute(insert.statement, *insert.parameters)
    assert [row["n"] for row in await connection.fetch("select n from ledger_counts order by id")][-3:] == [0, 1, 2]
    await connection.close()
