"""A topic of the test's own on the shared broker, and what a consumer needs."""

from collections.abc import AsyncIterator
from uuid import uuid4

import pytest
from sqlalchemy import text

from shared.database.engine import Sessions, open_database
from shared.events.topics import DAY_MS, Topic, dead_letter_topic
from shared.kafka.connection import KafkaConnection
from shared.kafka.producer import EventProducer
from shared.kafka.topics import ensure_topics
from tests.conftest import FreshDatabase


@pytest.fixture
async def topic(kafka: KafkaConnection) -> str:
    name = f"test.{uuid4().hex}"
    await ensure_topics(kafka, [Topic(name, 2, DAY_MS), Topic(dead_letter_topic(name), 1, DAY_MS)])
    return name


@pytest.fixture
async def producer(kafka: KafkaConnection) -> AsyncIterator[EventProducer]:
    async with EventProducer(kafka, "test") as producer:
        yield producer


@pytest.fixture
async def sessions(fresh_database: FreshDatabase) -> AsyncIterator[Sessions]:
    async with open_database(await fresh_database("shared")) as sessions:
        async with sessions.begin() as session:
            await session.execute(text("create table handled (event_id text, request_id uuid)"))
        yield sessions
