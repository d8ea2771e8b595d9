"""Kafka and PostgreSQL as child processes, as `./run` has them."""

import socket
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from deploy.jars import class_path
from deploy.kafka import kafka_program
from deploy.kafka_users import Connections, broker_security, own_connections
from deploy.keys import KAFKA_USERS
from deploy.postgres import ADMIN, dsn, postgres_program
from deploy.program import Program, spawn, stop
from shared.kafka.connection import KafkaConnection
from tests.eventually import eventually
from tests.infra.stack import running_stack

ROOT = Path(__file__).parents[2]
JARS = ROOT / "var" / "jars"
START_SECONDS = 60
UNSAFE = ("-c", "fsync=off", "-c", "full_page_writes=off")
"""What survives a crash of the machine is no matter here.

A database per test is made and dropped much faster.
"""


@asynccontextmanager
async def kafka(folder: Path) -> AsyncIterator[KafkaConnection]:
    """Run a broker for as long as the context lasts; return how it is reached."""
    port, controller_port = free_ports(2)
    async with running(kafka_program(folder, class_path(JARS), port, controller_port), folder):
        yield KafkaConnection(f"127.0.0.1:{port}")


@asynccontextmanager
async def secured_kafka(folder: Path) -> AsyncIterator[Connections]:
    """Run a broker with users, of whom only `admin` is known yet, for as long as the context lasts.

    Return each user's connection.
    """
    secrets = {f"kafka_{user}_password": f"password of {user}" for user in KAFKA_USERS}
    port, controller_port = free_ports(2)
    async with running(
        kafka_program(folder, class_path(JARS), port, controller_port, broker_security(secrets)), folder
    ):
        yield own_connections(f"127.0.0.1:{port}", secrets)


@asynccontextmanager
async def postgres(folder: Path) -> AsyncIterator[str]:
    """Run a server for as long as the context lasts; return the superuser's address."""
    (port,) = free_ports(1)
    password = "not a secret/@"
    program = postgres_program(folder, port, password)
    program = replace(program, command=(*program.command, *UNSAFE))
    async with running(program, folder):
        yield dsn(ADMIN, password, port, ADMIN)


@asynccontextmanager
async def stack(folder: Path) -> AsyncIterator[dict[str, Any]]:
    """Run everything, by `./run`, for as long as the context lasts.

    Return its `addresses.json` and, as `file`, where that is.
    """
    async with running_stack(folder) as running:
        yield running.addresses | {"file": str(running.data / "addresses.json")}


@asynccontextmanager
async def running(program: Program, folder: Path) -> AsyncIterator[None]:
    """Run a program until the context ends, its output in `folder`."""
    async with AsyncExitStack() as stack:
        process = await spawn(program, folder / f"{program.name}.log")
        stack.push_async_callback(stop, process, program)
        await eventually(program.ready, START_SECONDS)
        yield


def free_ports(count: int) -> list[int]:
    """Ask the system for ports that nobody uses."""
    sockets = [socket.socket() for _ in range(count)]
    for each in sockets:
        each.bind(("127.0.0.1", 0))
    ports = [int(each.getsockname()[1]) for each in sockets]
    for each in sockets:
        each.close()
    return ports
