"""The servers that everything stands on."""

from pathlib import Path

import asyncpg
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

from deploy.postgres import ADMIN, dsn, postgres_program
from shared.kafka.connection import KafkaConnection
from tests.conftest import FreshDatabase
from tests.infra.embedded import free_ports, running


async def test_the_broker_takes_a_record_and_gives_it_back(kafka: KafkaConnection) -> None:
    async with AIOKafkaProducer(**kafka.client_options(), enable_idempotence=True, acks="all") as producer:
        sent = await producer.send_and_wait("requests.submitted", b"hello", key=b"key")
    async with AIOKafkaConsumer(**kafka.client_options()) as consumer:
        place = TopicPartition("requests.submitted", sent.partition)
        consumer.assign([place])
        consumer.seek(place, sent.offset)
        record = await consumer.getone()
    assert (record.value, record.offset) == (b"hello", sent.offset)


async def test_a_service_owns_its_database_and_cannot_enter_anothers(fresh_database: FreshDatabase) -> None:
    mine, theirs = await fresh_database("tracker"), await fresh_database("intake")
    connection = await asyncpg.connect(mine)
    await connection.execute("create table t (n int)")
    assert await connection.fetchval("show server_version_num") >= "180000"
    await connection.close()
    trespass = theirs.rpartition("/")[0] + "/" + mine.rpartition("/")[2]
    try:
        await asyncpg.connect(trespass)
    except asyncpg.InsufficientPrivilegeError:
        return
    raise AssertionError("one service entered another's database")


async def test_the_databases_of_a_stack_are_on_disk_before_they_say_so(tmp_path: Path) -> None:
    (port,) = free_ports(1)
    async with running(postgres_program(tmp_path, port, "secret"), tmp_path):
        connection = await asyncpg.connect(dsn(ADMIN, "secret", port, ADMIN))
        for setting in ("fsync", "full_page_writes", "synchronous_commit"):
            assert await connection.fetchval(f"show {setting}") == "on"
        await connection.close()
