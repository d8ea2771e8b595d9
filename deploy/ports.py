"""Assigns the ports of one stack, and checks that they are free."""

import asyncio
import socket
from dataclasses import dataclass
from itertools import count

from deploy.failure import StartFailure

HOST = "127.0.0.1"
NAMES = (
    "intake",
    "identity",
    "tracker",
    "notifier",
    "mailbox",
    "smtp",
    "kafka",
    "kafka_controller",
    "postgres",
    "bounces",
)
DEFAULT_BASE = 8400
FREE_TRIES = 20
LOWEST, HIGHEST, EPHEMERAL = 1024, 65535, 32768


@dataclass(frozen=True)
class Ports:
    """The ports of one stack, next to each other from a base on."""

    intake: int
    identity: int
    tracker: int
    notifier: int
    mailbox: int
    smtp: int
    kafka: int
    kafka_controller: int
    postgres: int
    bounces: int


def ports_from(base: int) -> Ports:
    """Return the ports from `base` on; raises `StartFailure` if they do not fit below 65536."""
    if not LOWEST <= base <= HIGHEST - len(NAMES):
        message = (
            f"--port-base {base} leaves no room for {len(NAMES)} ports; take one between {LOWEST} and "
            f"{HIGHEST - len(NAMES)}."
        )
        raise StartFailure(message)
    return Ports(**{name: base + offset for offset, name in enumerate(NAMES)})


def in_use(port: int) -> bool:
    """True if a port of 127.0.0.1 is in use."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return True
    return False


async def check_free(ports: list[int]) -> None:
    """Raise `StartFailure` that names a used port, and a base where all are free.

    Waits a moment first: the processes of a killed run may still be ending.
    """
    for _ in range(FREE_TRIES):
        taken = next(filter(in_use, ports), None)
        if taken is None:
            return
        await asyncio.sleep(0.1)
    raise StartFailure(
        f"Port {taken} is in use. Stop what uses it or start with --port-base "
        f"{free_base(DEFAULT_BASE + 1000)}."
    )


def free_base(start: int) -> int:
    """Return the first base from which all ports are free."""
    bases = (start + step for step in count(0, 100) if start + step < EPHEMERAL)
    return next(
        (base for base in bases if not any(in_use(base + offset) for offset in range(len(NAMES)))), start
    )
