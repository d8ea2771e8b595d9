"""The servers that everything stands on."""

import asyncpg
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

from shared.kafka.connection import KafkaConnection
from tests.conftest import FreshDatabase


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
    assert await connection.fetchval("show fsync") == "on"
    await connection.close()
    trespass = theirs.rpartition("/")[0] + "/" + mine.rpartition("/")[2]
    try:
        await asyncpg.connect(trespass)
    except asyncpg.InsufficientPrivilegeError:
        return
    raise AssertionError("one service entered another's database")
