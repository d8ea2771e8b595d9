"""Admin requests about topics that aiokafka has no method for: settings and replica assignments."""

from collections.abc import Mapping, Sequence
from typing import Any

from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.errors import for_code
from aiokafka.protocol.admin import AlterPartitionReassignmentsRequest
from aiokafka.protocol.api import Request, RequestStruct, Response
from aiokafka.protocol.types import Array, Boolean, Int8, Int16, Int32, Schema, String

INCREMENTAL_ALTER_CONFIGS, SET, OF_A_TOPIC = 44, 0, 2
REASSIGN_MS = 30_000

Assignments = Mapping[str, Mapping[int, Sequence[int]]]
"""Topic to partition to the brokers that shall keep it."""


class AlterConfigsResponse(Response):
    """The outcome for each topic."""

    API_KEY = INCREMENTAL_ALTER_CONFIGS
    API_VERSION = 0
    SCHEMA = Schema(
        ("throttle_time_ms", Int32),
        (
            "responses",
            Array(
                ("error_code", Int16),
                ("error_message", String("utf-8")),
                ("resource_type", Int8),
                ("resource_name", String("utf-8")),
            ),
        ),
    )


class AlterConfigsRequest(RequestStruct):
    """Settings to change, all others left as they are."""

    API_KEY = INCREMENTAL_ALTER_CONFIGS
    API_VERSION = 0
    RESPONSE_TYPE = AlterConfigsResponse
    SCHEMA = Schema(
        (
            "resources",
            Array(
                ("resource_type", Int8),
                ("resource_name", String("utf-8")),
                (
                    "configs",
                    Array(("name", String("utf-8")), ("operation", Int8), ("value", String("utf-8"))),
                ),
            ),
        ),
        ("validate_only", Boolean),
    )


class AlterConfigs(Request[AlterConfigsRequest]):
    """Sets the given settings of topics (KIP-339); aiokafka's own request would reset all others."""

    API_KEY = INCREMENTAL_ALTER_CONFIGS

    def __init__(self, changes: Mapping[str, Mapping[str, str]]) -> None:
        self._resources = [
            (OF_A_TOPIC, topic, [(name, SET, value) for name, value in settings.items()])
            for topic, settings in changes.items()
        ]

    def build(self, request_struct_class: type[AlterConfigsRequest]) -> AlterConfigsRequest:
        """Return the request in the negotiated version."""
        return request_struct_class(self._resources, False)  # noqa: FBT003  validate only


async def alter_configs(admin: AIOKafkaAdminClient, changes: Mapping[str, Mapping[str, str]]) -> None:
    """Change settings of topics; raises the broker's error."""
    answer: Any = await admin._send_to_controller(AlterConfigs(changes))  # noqa: SLF001  aiokafka has no public way to send such a request
    for code, message, *_ in answer.responses:
        _check(code, message)


async def reassign(admin: AIOKafkaAdminClient, assignments: Assignments) -> None:
    """Move partitions to other brokers; returns once the broker has begun. Raises the broker's error."""
    topics: list[Any] = [
        (topic, [(number, list(brokers), {}) for number, brokers in partitions.items()], {})
        for topic, partitions in assignments.items()
    ]
    request = AlterPartitionReassignmentsRequest(REASSIGN_MS, topics, {})  # type: ignore[arg-type]  # its types are not what it sends
    answer: Any = await admin._send_to_controller(request)  # noqa: SLF001  as above
    _check(answer.error_code, answer.error_message)
    for response in answer.responses:
        for _, code, message, *_ in response[1]:
            _check(code, message)


async def topic_configs(admin: AIOKafkaAdminClient, topics: Sequence[str]) -> dict[str, dict[str, str]]:
    """Return the effective settings of topics, broker defaults included."""
    answers: Any = await admin.describe_configs(
        [ConfigResource(ConfigResourceType.TOPIC, topic) for topic in topics]
    )
    found = {}
    for answer in answers:
        for code, message, _, name, entries in answer.resources:
            _check(code, message)
            found[name] = {entry[0]: entry[1] for entry in entries}
    return found


def _check(code: int, message: str | None) -> None:
    if code:
        raise for_code(code)(message or "")
