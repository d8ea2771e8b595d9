"""The ledger watches exactly the groups and topics that the product's workers read."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.coordinator.protocol import ConsumerProtocolMemberMetadata

from shared.events.topics import READERS
from shared.kafka.connection import KafkaConnection
from tests.eventually import eventually
from tests.journey.client import Addresses

JOINED = 30.0


@pytest.fixture
async def admin(stack: Addresses) -> AsyncIterator[AIOKafkaAdminClient]:
    admin = AIOKafkaAdminClient(**KafkaConnection(**stack["credentials"]["kafka_admin"]).client_options())
    await admin.start()
    yield admin
    await admin.close()


async def reading(admin: AIOKafkaAdminClient) -> dict[str, set[str]]:
    """Return the groups that have members, and what these read."""
    found: dict[str, set[str]] = {}
    for group, _ in await admin.list_consumer_groups():
        # One at a time: aiokafka reads the newest form of the answer as the form before, and so only its
        # first group.
        (answer,) = await admin.describe_consumer_groups([group])
        (described,) = answer.to_object()["groups"]
        if topics := {topic for member in described["members"] for topic in _subscription(member)}:
            found[group] = topics
    return found


def _subscription(member: dict[str, Any]) -> list[str]:
    return ConsumerProtocolMemberMetadata.decode(member["member_metadata"]).subscription


async def test_every_reader_of_the_workers_is_watched(admin: AIOKafkaAdminClient) -> None:
    expected = {group: set(topics) for group, topics in READERS.items()}

    async def all_there() -> bool:
        return expected.keys() <= (await reading(admin)).keys()

    await eventually(all_there, JOINED)
    assert await reading(admin) == expected
