"""Kafka's request to set SCRAM users, `AlterUserScramCredentials` (KIP-554), which aiokafka lacks."""

from collections.abc import Sequence
from typing import TypeAlias

from aiokafka.protocol.api import Request, RequestStruct, Response
from aiokafka.protocol.types import (
    CompactArray,
    CompactBytes,
    CompactString,
    Int8,
    Int16,
    Int32,
    Schema,
    TaggedFields,
)

API_KEY_NUMBER = 51
SHA_512 = 2

ScramUser: TypeAlias = tuple[str, int, int, bytes, bytes, dict[int, bytes]]
"""Name, mechanism, iterations, salt, salted password, and no tags."""


class AlterScramUsersResponse(Response):
    """The outcome for each user."""

    API_KEY = API_KEY_NUMBER
    API_VERSION = 0
    SCHEMA = Schema(
        ("throttle_time_ms", Int32),
        (
            "results",
            CompactArray(
                ("user", CompactString("utf-8")),
                ("error_code", Int16),
                ("error_message", CompactString("utf-8")),
                ("tags", TaggedFields),
            ),
        ),
        ("tags", TaggedFields),
    )


class AlterScramUsersRequest(RequestStruct):
    """Users to remove and users to set."""

    FLEXIBLE_VERSION = True
    API_KEY = API_KEY_NUMBER
    API_VERSION = 0
    RESPONSE_TYPE = AlterScramUsersResponse
    SCHEMA = Schema(
        (
            "deletions",
            CompactArray(("name", CompactString("utf-8")), ("mechanism", Int8), ("tags", TaggedFields)),
        ),
        (
            "upsertions",
            CompactArray(
                ("name", CompactString("utf-8")),
                ("mechanism", Int8),
                ("iterations", Int32),
                ("salt", CompactBytes),
                ("salted_password", CompactBytes),
                ("tags", TaggedFields),
            ),
        ),
        ("tags", TaggedFields),
    )


class AlterScramUsers(Request[AlterScramUsersRequest]):
    """Creates or updates users."""

    API_KEY = API_KEY_NUMBER

    def __init__(self, users: Sequence[ScramUser]) -> None:
        self._users = list(users)

    def build(self, request_struct_class: type[AlterScramUsersRequest]) -> AlterScramUsersRequest:
        """Return the request in the negotiated version."""
        return request_struct_class([], self._users, {})
