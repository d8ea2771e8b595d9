"""A tracker on the shared servers, with an empty database of its own."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from services.tracker.keyring import Keyring
from shared.database import Sessions, migrate, open_database
from shared.kafka.producer import EventProducer
from tests.conftest import FreshDatabase
from tests.service.tracker.office import MIGRATIONS, make_keyring


@pytest.fixture
def keyring() -> Keyring:
    """Give tracker's keys."""
    return make_keyring()


@pytest.fixture
async def tracker_database(fresh_database: FreshDatabase) -> str:
    """Give the address of a migrated database."""
    dsn = await fresh_database("tracker")
    await asyncio.to_thread(migrate, MIGRATIONS, dsn)
    return dsn


@pytest.fixture
async def sessions(tracker_database: str) -> AsyncIterator[Sessions]:
    """Give sessions of that database."""
    async with open_database(tracker_database) as sessions:
        yield sessions


@pytest.fixture
async def producer(kafka: str) -> AsyncIterator[EventProducer]:
    """Give a producer on the shared broker."""
    async with EventProducer(kafka, "test") as producer:
        yield producer
