"""A tracker on the shared servers, with an empty database of its own."""

from collections.abc import AsyncIterator

import httpx
import pytest
from aiokafka import AIOKafkaConsumer, TopicPartition

from services.tracker.app import create_app
from services.tracker.personal_data.keyring import Keyring
from shared.database.engine import Sessions, open_database
from shared.events.topics import READERS
from shared.kafka.connection import KafkaConnection
from shared.kafka.producer import EventProducer
from tests.conftest import FreshDatabase
from tests.infra.issuer import Issuer, running_issuer
from tests.service.tracker.api_client import ApiClient, running_api
from tests.service.tracker.builders import make_keyring, make_settings
from tests.service.tracker.console_client import ConsoleClient, running_identity


@pytest.fixture
def keyring() -> Keyring:
    """Return tracker's keys."""
    return make_keyring()


@pytest.fixture
async def tracker_database(migrated_database: FreshDatabase) -> str:
    """Return the address of a migrated database."""
    return await migrated_database("tracker")


@pytest.fixture
async def sessions(tracker_database: str) -> AsyncIterator[Sessions]:
    """Return sessions of that database."""
    async with open_database(tracker_database) as sessions:
        yield sessions


@pytest.fixture
async def producer(kafka: KafkaConnection) -> AsyncIterator[EventProducer]:
    """Return a producer on the shared broker."""
    async with EventProducer(kafka, "test") as producer:
        yield producer


@pytest.fixture
async def issuer() -> AsyncIterator[Issuer]:
    """Return an issuer of access tokens."""
    async with running_issuer() as issuer:
        yield issuer


@pytest.fixture
async def api(tracker_database: str, kafka: KafkaConnection, issuer: Issuer) -> AsyncIterator[ApiClient]:
    """Return the running app and a caller."""
    async with running_api(
        make_settings(tracker_database, kafka, oidc_issuer=issuer.address, database_connections=1), issuer
    ) as api:
        yield api


@pytest.fixture
async def readers_caught_up(kafka: KafkaConnection) -> None:
    """Let the product's own groups have read all that other tests left on the shared broker."""
    for group, topics in READERS.items():
        consumer = AIOKafkaConsumer(**kafka.client_options(), group_id=group, enable_auto_commit=False)
        await consumer.start()
        try:
            await consumer._client.set_topics(list(topics))  # noqa: SLF001  aiokafka knows the partitions of no topic that it is not subscribed to
            places = [
                TopicPartition(topic, number)
                for topic in topics
                for number in consumer.partitions_for_topic(topic) or ()
            ]
            consumer.assign(places)
            await consumer.commit(await consumer.end_offsets(places))
        finally:
            await consumer.stop()


@pytest.fixture(scope="session")
async def issuer_of_staff(postgres: str) -> AsyncIterator[str]:
    """Return the address of a running identity service, the same for every test."""
    async with running_identity(postgres, make_settings()) as issuer:
        yield issuer


@pytest.fixture
async def console(
    tracker_database: str, kafka: KafkaConnection, issuer_of_staff: str
) -> AsyncIterator[ConsoleClient]:
    """Return a browser in front of the console."""
    app = create_app(
        make_settings(tracker_database, kafka, oidc_issuer=issuer_of_staff, database_connections=1)
    )
    async with app.router.lifespan_context(app):
        transport = httpx.ASGITransport(app, raise_app_exceptions=False)
        async with httpx.AsyncClient(
            transport=transport, base_url="http://tracker.test", timeout=30
        ) as client:
            yield ConsoleClient(client)
