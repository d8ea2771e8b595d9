"""Topics are made as the settings ask, and those that exist are raised to them at the next start."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.structs import OffsetAndMetadata
from uuid_utils.compat import uuid4

from deploy.prepare import PrepareSettings
from shared.events.topics import DAY_MS, Topic
from shared.kafka.batches import Record
from shared.kafka.connection import KafkaConnection
from shared.kafka.follow import follow_topics
from shared.kafka.topic_requests import alter_configs, topic_configs
from shared.kafka.topics import Durability, UnfitCluster, ensure_topics
from shared.settings import read_settings
from tests.eventually import eventually
from tests.infra.cluster import Cluster, kafka_cluster


@pytest.fixture(scope="module")
async def cluster(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Cluster]:
    async with kafka_cluster(tmp_path_factory.mktemp("cluster")) as cluster:
        yield cluster


@pytest.fixture
async def admin(request: pytest.FixtureRequest) -> AsyncIterator[AIOKafkaAdminClient]:
    kafka: KafkaConnection = (
        request.getfixturevalue("cluster").connection
        if "cluster" in request.fixturenames
        else request.getfixturevalue("kafka")
    )
    admin = AIOKafkaAdminClient(**kafka.client_options())
    await admin.start()
    yield admin
    await admin.close()


async def partitions_of(admin: AIOKafkaAdminClient, name: str) -> list[dict[str, Any]]:
    (topic,) = await admin.describe_topics([name])
    return sorted(topic["partitions"], key=lambda partition: partition["partition"])


async def shown(expected: object, ask: Callable[[], Awaitable[object]]) -> None:
    """Wait until a broker answers as `expected`.

    Each applies what the controller decided a moment after it is acknowledged.
    """

    async def check() -> None:
        assert await ask() == expected

    await eventually(check)


async def copies_shown(admin: AIOKafkaAdminClient, name: str, expected: list[int]) -> None:
    async def copies() -> list[int]:
        return [len(set(each["replicas"])) for each in await partitions_of(admin, name)]

    await shown(expected, copies)


async def configs_shown(admin: AIOKafkaAdminClient, name: str, expected: dict[str, str]) -> None:
    async def configs() -> dict[str, str]:
        present = (await topic_configs(admin, [name]))[name]
        return {key: present[key] for key in expected}

    await shown(expected, configs)


def in_sync(brokers: int) -> dict[str, str]:
    return {"min.insync.replicas": str(brokers)}


def new_name() -> str:
    return f"topic-{uuid4()}"


async def test_on_one_broker_a_record_has_one_copy(
    kafka: KafkaConnection, admin: AIOKafkaAdminClient
) -> None:
    topic = Topic(new_name(), 2, DAY_MS)
    await ensure_topics(kafka, [topic])
    await copies_shown(admin, topic.name, [1, 1])
    await configs_shown(admin, topic.name, in_sync(1))


async def test_partitions_and_retention_follow_the_settings_and_what_an_administrator_set_besides_stays(
    kafka: KafkaConnection, admin: AIOKafkaAdminClient
) -> None:
    name = new_name()
    await ensure_topics(kafka, [Topic(name, 2, DAY_MS)])
    await alter_configs(admin, {name: {"compression.type": "zstd"}})
    await ensure_topics(kafka, [Topic(name, 5, 3 * DAY_MS)])
    await copies_shown(admin, name, [1] * 5)
    await configs_shown(admin, name, {"retention.ms": str(3 * DAY_MS), "compression.type": "zstd"})
    await ensure_topics(kafka, [Topic(name, 1, 3 * DAY_MS)])
    assert len(await partitions_of(admin, name)) == 5, "nothing is ever lowered"


async def test_no_partition_is_added_while_a_reader_has_records_left_to_read(
    kafka: KafkaConnection, admin: AIOKafkaAdminClient
) -> None:
    name, group = new_name(), f"group-{uuid4()}"
    await ensure_topics(kafka, [Topic(name, 1, DAY_MS)])
    async with AIOKafkaProducer(**kafka.client_options()) as producer:
        await producer.send_and_wait(name, b"{}", b"k")
    await ensure_topics(kafka, [Topic(name, 3, DAY_MS)], readers={group: [name]})
    assert len(await partitions_of(admin, name)) == 1
    async with AIOKafkaConsumer(
        **kafka.client_options(), group_id=group, enable_auto_commit=False
    ) as consumer:
        consumer.assign([TopicPartition(name, 0)])
        await consumer.commit({TopicPartition(name, 0): OffsetAndMetadata(1, "")})
    await ensure_topics(kafka, [Topic(name, 3, DAY_MS)], readers={group: [name]})
    await copies_shown(admin, name, [1] * 3)


async def test_a_follower_reads_partitions_that_were_added(kafka: KafkaConnection) -> None:
    name, seen = new_name(), set[bytes | None]()
    await ensure_topics(kafka, [Topic(name, 1, DAY_MS)])

    def read(record: Record) -> None:
        seen.add(record.value)

    following = asyncio.create_task(follow_topics(kafka, [name], read, back_seconds=600, most=1_000))
    try:
        async with AIOKafkaProducer(**kafka.client_options(), metadata_max_age_ms=500) as producer:
            await producer.send_and_wait(name, b"before", partition=0)
            await eventually(lambda: _among(seen, b"before"), 30)
            await ensure_topics(kafka, [Topic(name, 2, DAY_MS)])

            async def known() -> bool:
                return bool(await producer.partitions_for(name) == {0, 1})

            await eventually(known)
            await producer.send_and_wait(name, b"in the new one", partition=1)

            async def read_all() -> bool:
                # The topic is never quiet: only the number of partitions can tell.
                await producer.send_and_wait(name, b"more", partition=0)
                return b"in the new one" in seen

            await eventually(read_all, 40)
    finally:
        following.cancel()
        await asyncio.wait({following})


async def _among(seen: set[bytes | None], value: bytes) -> bool:
    return value in seen


async def test_on_three_brokers_a_record_has_three_copies_of_which_two_are_acknowledged(
    cluster: Cluster, admin: AIOKafkaAdminClient
) -> None:
    topic = Topic(new_name(), 3, DAY_MS)
    await ensure_topics(cluster.connection, [topic])
    await copies_shown(admin, topic.name, [3, 3, 3])
    await configs_shown(admin, topic.name, in_sync(2))


async def test_topics_of_a_cluster_that_grew_get_more_copies_and_then_more_in_step(
    cluster: Cluster, admin: AIOKafkaAdminClient
) -> None:
    name, value = new_name(), b"kept"
    await admin.create_topics([NewTopic(name, 4, 1)])
    async with AIOKafkaProducer(**cluster.connection.client_options()) as producer:
        await producer.send_and_wait(name, value, partition=0)
        await ensure_topics(cluster.connection, [Topic(name, 4, DAY_MS)], within=60)
        await copies_shown(admin, name, [3] * 4)
        found = await partitions_of(admin, name)
        assert len({each["replicas"][1] for each in found}) > 1, (
            "one broker does not get all the second copies"
        )
        await configs_shown(admin, name, in_sync(2))
        await producer.send_and_wait(name, value, partition=0)
    async with AIOKafkaConsumer(
        name, **cluster.connection.client_options(), auto_offset_reset="earliest"
    ) as consumer:
        assert [(await consumer.getone()).value for _ in range(2)] == [value, value]


async def test_the_settings_may_ask_for_fewer_copies(cluster: Cluster, admin: AIOKafkaAdminClient) -> None:
    topic = Topic(new_name(), 1, DAY_MS)
    await ensure_topics(cluster.connection, [topic], Durability(copies=2, in_sync=1))
    await copies_shown(admin, topic.name, [2])
    await ensure_topics(cluster.connection, [topic], Durability(copies=2, in_sync=2))
    await configs_shown(admin, topic.name, in_sync(2))


@pytest.mark.parametrize(
    ("durability", "said"),
    [
        (Durability(copies=4), "KAFKA_REPLICATION_FACTOR is 4, and the cluster has 3 brokers"),
        (Durability(copies=2, in_sync=3), "KAFKA_MIN_INSYNC_REPLICAS is 3, and a record has 2 copies"),
    ],
)
async def test_what_the_cluster_cannot_be_is_said(
    cluster: Cluster, durability: Durability, said: str
) -> None:
    with pytest.raises(UnfitCluster, match=said):
        await ensure_topics(cluster.connection, [Topic(new_name(), 1, DAY_MS)], durability)


def test_prepare_reads_the_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    given = {
        "BOOTSTRAP_SERVERS": "a:9092",
        "TOPIC_PARTITIONS": "12",
        "REPLICATION_FACTOR": "3",
        "MIN_INSYNC_REPLICAS": "2",
    }
    for name, value in given.items():
        monkeypatch.setenv(f"KAFKA_{name}", value)
    settings = read_settings(PrepareSettings)
    assert (settings.partitions, settings.replication_factor, settings.min_insync_replicas) == (12, 3, 2)
    monkeypatch.setenv("KAFKA_TOPIC_PARTITIONS", "0")
    with pytest.raises(SystemExit, match="KAFKA_TOPIC_PARTITIONS"):
        read_settings(PrepareSettings)


async def test_with_one_of_three_brokers_lost_everything_is_written_and_prepared(cluster: Cluster) -> None:
    topic = Topic(new_name(), 3, DAY_MS)
    await ensure_topics(cluster.connection, [topic])
    await cluster.stop(2)
    async with AIOKafkaProducer(**cluster.connection.client_options(), acks="all") as producer:
        for partition in range(3):
            await producer.send_and_wait(topic.name, b"{}", partition=partition)
    await ensure_topics(cluster.connection, [topic])
