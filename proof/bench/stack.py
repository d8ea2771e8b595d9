"""The product in its own configuration on ports of a run's own; only its mail goes to the run's sink."""

import os
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from deploy.addresses import describe
from deploy.kafka_users import ADMINISTRATOR
from deploy.ports import HOST, NAMES, in_use
from deploy.postgres import ADMIN, dsn
from deploy.program import Program
from deploy.progress import Progress
from deploy.servers import Elsewhere
from deploy.stack import Stack
from shared.kafka.connection import KafkaConnection

FIRST_BASE, STEP, BASES = 24_000, 100, 80
PORTS = len(NAMES) + 30
"""So many in a row: the stack's, the sink's, and those that floors take."""


@dataclass(frozen=True)
class BenchStack:
    """A running stack.

    `smtp_port` is where the product sends its mail: a part opens a sink there (`proof.bench.sink`) for as long as it measures. `spare_port` and the
    ports after it are free for floors. `databases` has a DSN for each service, `admin` one that may make databases.
    """

    stack: Stack
    data: Path
    addresses: Mapping[str, Any]
    smtp_port: int
    spare_port: int

    @property
    def kafka(self) -> KafkaConnection:
        """The broker, as its administrator."""
        return self.stack.place.kafka[ADMINISTRATOR]

    @property
    def databases(self) -> Mapping[str, str]:
        """Each service's DSN."""
        return self.stack.place.databases

    @property
    def admin(self) -> str:
        """The DSN of PostgreSQL's superuser."""
        return dsn(ADMIN, self.stack.secrets["postgres_password"], self.stack.place.ports.postgres, ADMIN)

    @property
    def pids(self) -> Mapping[str, int]:
        """The root process of every program by its name, `kafka` and `postgres` too; children belong to it (`proof.bench.processes`)."""
        return self.stack.supervisor.pids

    def url(self, service: str) -> str:
        """Give the address of a service that serves HTTP."""
        return self.stack.place.url(service)

    def port(self, service: str) -> int:
        """Give the port of a service that serves HTTP, on 127.0.0.1."""
        return int(getattr(self.stack.place.ports, service))


@asynccontextmanager
async def bench_stack(data: Path, progress: Progress) -> AsyncIterator[BenchStack]:
    """Run one in `data` for as long as the context lasts; raises `StartFailure` when it cannot start."""
    base = _free_base()
    smtp_port = base + len(NAMES)

    def change(program: Program) -> Program:
        if not program.name.startswith("notifier"):
            return program
        return replace(program, environment={**program.environment, "NOTIFIER_SMTP_HOST": HOST, "NOTIFIER_SMTP_PORT": str(smtp_port)})

    stack = Stack(data, base, progress, Elsewhere(), log_level=os.environ.get("LOG_LEVEL", "INFO"), change=change)
    async with stack.running():
        yield BenchStack(stack, data, describe(stack.place, stack.secrets), smtp_port, smtp_port + 1)


def _free_base() -> int:
    """Find enough free ports in a row; where the search begins differs from run to run, so that two that start at once do not meet."""
    bases = (FIRST_BASE + (os.getpid() + turn) % BASES * STEP for turn in range(BASES))
    return next((base for base in bases if not any(in_use(base + offset) for offset in range(PORTS))), FIRST_BASE)
