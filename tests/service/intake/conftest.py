"""An intake on the shared servers, with an empty database of its own."""

from collections.abc import AsyncIterator

import pytest
from fastapi import FastAPI

from shared.kafka.connection import KafkaConnection
from tests.conftest import FreshDatabase
from tests.service.intake.running_intake import Running, client_of, make_settings, running_intake


@pytest.fixture
async def intake_database(migrated_database: FreshDatabase) -> str:
    """Return the address of a migrated database."""
    return await migrated_database("intake")


@pytest.fixture
async def intake(kafka: KafkaConnection, intake_database: str) -> AsyncIterator[Running]:
    """Return a running intake; identity and tracker are away."""
    async with running_intake(make_settings(kafka, intake_database)) as running:
        yield running


@pytest.fixture(scope="session")
async def _shared_app(kafka: KafkaConnection, lasting_database: FreshDatabase) -> AsyncIterator[FastAPI]:
    async with running_intake(make_settings(kafka, await lasting_database("intake"))) as running:
        yield running.app


@pytest.fixture
async def shared_intake(_shared_app: FastAPI) -> AsyncIterator[Running]:
    """Return a client, without cookies yet, of an intake that other tests use too.

    It starts once, which takes longer than most tests; for tests that only look, or that send what is theirs
    alone.
    """
    async with client_of(_shared_app) as client:
        yield Running(_shared_app, client)
