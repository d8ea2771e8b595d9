"""An intake on the shared servers, with an empty database of its own."""

from collections.abc import AsyncIterator

import pytest

from shared.kafka.connection import KafkaConnection
from tests.conftest import FreshDatabase
from tests.service.intake.running_intake import Running, make_settings, running_intake


@pytest.fixture
async def intake_database(migrated_database: FreshDatabase) -> str:
    """Give the address of a migrated database."""
    return await migrated_database("intake")


@pytest.fixture
async def intake(kafka: KafkaConnection, intake_database: str) -> AsyncIterator[Running]:
    """Give a running intake; identity and tracker are away."""
    async with running_intake(make_settings(kafka, intake_database)) as running:
        yield running
