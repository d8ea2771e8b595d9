"""What each user of the broker may do, and what it may not."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import (
    ClusterAuthorizationFailedError,
    GroupAuthorizationFailedError,
    KafkaError,
    TopicAuthorizationFailedError,
)

from deploy.kafka_grants import grants
from deploy.kafka_users import USERS, Connections, scram_passwords
from shared.events.topics import (
    COMMANDS,
    LIFECYCLE,
    MAIL_OUTCOMES,
    READERS,
    SUBMITTED,
    TOPICS,
    dead_letter_topic,
)
from shared.kafka.access import ensure_access
from shared.kafka.connection import KafkaConnection
from shared.kafka.lag import LagReader
from shared.kafka.topics import ensure_topics
from tests.eventually import eventually
from tests.infra.embedded import secured_kafka

MAIN = {SUBMITTED, LIFECYCLE, COMMANDS, MAIL_OUTCOMES}
DEAD = {dead_letter_topic(topic) for topic in MAIN}
WRITES = {
    "intake": {SUBMITTED},
    "tracker": MAIN | {dead_letter_topic(topic) for topic in (SUBMITTED, COMMANDS, MAIL_OUTCOMES)},
    "notifier": {MAIL_OUTCOMES, dead_letter_topic(LIFECYCLE)},
    "backoffice": {COMMANDS},
}
READS = {
    "intake": {SUBMITTED, LIFECYCLE},
    "tracker": MAIN | DEAD,
    "notifier": {LIFECYCLE},
    "backoffice": {LIFECYCLE},
}
JOINS = {
    "intake": set[str](),
    "tracker": {group for group in READERS if group.startswith("tracker.")},
    "notifier": {"notifier"},
    "backoffice": {"backoffice", "backoffice.sap"},
}
GROUPS = {*READERS, "backoffice", "backoffice.sap", "backofficers", "other"}
DENIED = (TopicAuthorizationFailedError, GroupAuthorizationFailedError, ClusterAuthorizationFailedError)


@pytest.fixture(scope="module")
async def users(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Connections]:
    async with secured_kafka(tmp_path_factory.mktemp("secured")) as connections:
        await ensure_topics(connections["admin"])
        await ensure_access(connections["admin"], scram_passwords(connections), grants())
        yield connections


async def may_write(kafka: KafkaConnection, topic: str) -> bool:
    producer = AIOKafkaProducer(**kafka.client_options(), enable_idempotence=True)
    try:
        async with asyncio.timeout(20):
            await producer.start()
            await producer.send_and_wait(topic, b"{}", key=b"k")
    except DENIED:
        return False
    finally:
        await producer.stop()
    return True


async def may_read(kafka: KafkaConnection, topic: str) -> bool:
    consumer = AIOKafkaConsumer(**kafka.client_options(), auto_offset_reset="earliest")
    await consumer.start()
    try:
        async with asyncio.timeout(20):
            await consumer._client.set_topics([topic])  # noqa: SLF001  asks the broker about a topic without a subscription
            if topic in consumer._client.cluster.unauthorized_topics:  # noqa: SLF001  as above
                return False
            consumer.assign([TopicPartition(topic, 0)])
            await consumer.end_offsets([TopicPartition(topic, 0)])
            await consumer.getmany(timeout_ms=500)
    except DENIED:
        return False
    finally:
        await consumer.stop()
    return True


async def may_join(kafka: KafkaConnection, group: str, topic: str) -> bool:
    consumer = AIOKafkaConsumer(topic, **kafka.client_options(), group_id=group, enable_auto_commit=False)
    try:
        async with asyncio.timeout(20):
            await consumer.start()
            await consumer.getmany(timeout_ms=200)
    except DENIED:
        return False
    finally:
        await consumer.stop()
    return True


@pytest.mark.parametrize("user", USERS)
async def test_each_user_writes_its_topics_and_no_other(users: Connections, user: str) -> None:
    allowed = {topic.name for topic in TOPICS if await may_write(users[user], topic.name)}
    assert allowed == WRITES[user]


@pytest.mark.parametrize("user", USERS)
async def test_each_user_reads_its_topics_and_no_other(users: Connections, user: str) -> None:
    allowed = {topic.name for topic in TOPICS if await may_read(users[user], topic.name)}
    assert allowed == READS[user]


@pytest.mark.parametrize("user", USERS)
async def test_each_user_joins_its_groups_and_no_other(users: Connections, user: str) -> None:
    allowed = {group for group in GROUPS if await may_join(users[user], group, LIFECYCLE)}
    assert allowed == JOINS[user]


@pytest.mark.parametrize("user", USERS)
async def test_no_service_and_no_back_office_makes_topics_or_users(users: Connections, user: str) -> None:
    with pytest.raises(KafkaError):
        await ensure_access(users[user], {"mallory": "x"}, [])
    admin = AIOKafkaAdminClient(**users[user].client_options())
    await admin.start()
    answer: Any = await admin.delete_topics([SUBMITTED])
    await admin.close()
    assert [code for _, code in answer.topic_error_codes] == [TopicAuthorizationFailedError.errno]


async def test_nobody_connects_without_a_user_or_with_a_wrong_password(users: Connections) -> None:
    admin, tracker = users["admin"], users["tracker"]
    for wrong in (
        KafkaConnection(admin.bootstrap_servers),
        KafkaConnection(admin.bootstrap_servers, "SASL_PLAINTEXT", "SCRAM-SHA-512", "tracker", "guess"),
        KafkaConnection(admin.bootstrap_servers, "SASL_PLAINTEXT", "PLAIN", "tracker", tracker.password),
        KafkaConnection(admin.bootstrap_servers, "SASL_PLAINTEXT", "PLAIN", "admin", "guess"),
    ):
        producer = AIOKafkaProducer(**wrong.client_options(), request_timeout_ms=3_000)
        with pytest.raises((KafkaError, TimeoutError)):
            async with asyncio.timeout(10):
                await producer.start()
        await producer.stop()


async def test_the_ledger_may_ask_about_every_reader(users: Connections) -> None:
    async with LagReader(users["tracker"]) as lags:
        await lags.read(READERS)
        await lags.tail("notifier", LIFECYCLE, {}, 1)


async def test_a_right_that_is_no_longer_given_is_taken_away_and_a_new_password_counts(
    users: Connections,
) -> None:
    await ensure_access(users["admin"], {"guest": "first"}, [])
    guest = KafkaConnection(
        users["admin"].bootstrap_servers, "SASL_PLAINTEXT", "SCRAM-SHA-512", "guest", "second"
    )
    given = [
        type(grant)("guest", grant.operation, grant.resource, grant.name)
        for grant in grants()
        if grant.user == "intake"
    ]
    await ensure_access(users["admin"], {"guest": "second"}, given)
    # The broker learns of it from its controller, a moment after the answer.
    await eventually(lambda: may_write(guest, SUBMITTED))
    await ensure_access(users["admin"], {"guest": "second"}, [])

    async def refused() -> bool:
        return not await may_write(guest, SUBMITTED)

    await eventually(refused)
