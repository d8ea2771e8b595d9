"""Creates SCRAM users and ACLs on a Kafka cluster, by admin requests that aiokafka has no method for."""

import asyncio
import hashlib
import os
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from enum import IntEnum
from typing import Any

from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError, for_code
from aiokafka.protocol.admin import CreateAclsRequest, DeleteAclsRequest, DescribeAclsRequest

from shared.kafka.connection import KafkaConnection
from shared.kafka.scram_request import SHA_512, AlterScramUsers, ScramUser
from shared.kafka.start import start
from shared.process.backoff import Backoff

ITERATIONS, SALT_BYTES = 4096, 32
ALLOW, ANY_HOST = 3, "*"
ANY = 1


class Resource(IntEnum):
    """Kinds of resources, with their numbers in the protocol."""

    TOPIC = 2
    GROUP = 3


class Operation(IntEnum):
    """Operations, with their numbers in the protocol; READ and WRITE include DESCRIBE."""

    READ = 3
    WRITE = 4
    DESCRIBE = 8


class Pattern(IntEnum):
    """How a resource name matches, with its number in the protocol."""

    LITERAL = 3
    PREFIXED = 4


@dataclass(frozen=True, slots=True)
class Grant:
    """One right of one user, from any host."""

    user: str
    operation: Operation
    resource: Resource
    name: str
    pattern: Pattern = Pattern.LITERAL

    def fields(self) -> tuple[int, str, int, str, str, int, int]:
        """Return the fields in the protocol's order."""
        return (self.resource, self.name, self.pattern, f"User:{self.user}", ANY_HOST, self.operation, ALLOW)


async def ensure_access(
    kafka: KafkaConnection, passwords: Mapping[str, str], grants: Collection[Grant], *, within: float = 30.0
) -> None:
    """Set the password and exactly the grants of each SCRAM-SHA-512 user in `passwords`.

    `kafka` is an administrator's connection. Waits for a broker that does not answer yet. Idempotent.
    """
    async with asyncio.timeout(within):
        backoff = Backoff(first=0.1, most=1.0)
        while not await _try_once(kafka, passwords, grants):
            await backoff.wait()


async def _try_once(kafka: KafkaConnection, passwords: Mapping[str, str], grants: Collection[Grant]) -> bool:
    admin = AIOKafkaAdminClient(**kafka.client_options())
    try:
        await start(admin)
        await _set_passwords(admin, passwords)
        present = {grant for user in passwords for grant in await _grants_of(admin, user)}
        wanted = {grant.fields() for grant in grants}
        # Add before removing, so that no user lacks a right in between that it had and keeps.
        for fields in wanted - present:
            await _send(admin, CreateAclsRequest(*fields), "creation_responses")
        for fields in present - wanted:
            await _send(admin, DeleteAclsRequest(*fields), "filter_responses")
    except OSError:
        return False
    except KafkaError as error:
        if error.retriable:
            return False
        raise
    finally:
        await admin.close()
    return True


async def _set_passwords(admin: AIOKafkaAdminClient, passwords: Mapping[str, str]) -> None:
    users: list[ScramUser] = []
    for user, password in passwords.items():
        salt = os.urandom(SALT_BYTES)
        users.append(
            (
                user,
                SHA_512,
                ITERATIONS,
                salt,
                hashlib.pbkdf2_hmac("sha512", password.encode(), salt, ITERATIONS),
                {},
            )
        )
    for user, code, message, _ in (await _send(admin, AlterScramUsers(users))).results:
        _check(code, f"{user}: {message}")


async def _grants_of(admin: AIOKafkaAdminClient, user: str) -> list[tuple[Any, ...]]:
    # `None` matches any name and any host; aiokafka's types do not say so.
    answer = await _send(admin, DescribeAclsRequest(ANY, None, ANY, f"User:{user}", None, ANY, ANY))  # type: ignore[arg-type]
    _check(answer.error_code, answer.error_message)
    return [
        (resource, name, pattern, principal, host, operation, permission)
        for resource, name, pattern, rights in answer.resources
        for principal, host, operation, permission in rights
    ]


async def _send(admin: AIOKafkaAdminClient, request: Any, outcomes: str | None = None) -> Any:  # noqa: ANN401  aiokafka has no common types for these
    answer = await admin._send_to_controller(request)  # noqa: SLF001  aiokafka has no public way to send such a request
    for code, message, *_ in getattr(answer, outcomes) if outcomes else ():
        _check(code, message)
    return answer


def _check(code: int, message: str | None) -> None:
    if code:
        raise for_code(code)(message or "")
