"""Runs the product for the benchmarks, with its own configuration and its mail sent to a sink."""

import asyncio
import os
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from itertools import count
from pathlib import Path
from typing import Any

import httpx

from deploy.addresses import describe
from deploy.data_folder import data_folder
from deploy.kafka_users import ADMINISTRATOR
from deploy.ports import HOST, NAMES, free_base
from deploy.program import Program
from deploy.progress import Progress
from deploy.servers import ExistingServers
from deploy.stack import Stack
from proof.bench.load.load import Load, fetch_form
from proof.bench.results import Results
from shared.kafka.connection import KafkaConnection

FIRST_BASE, STEP, BASES = 24_000, 100, 40
"""The search for free ports starts at another base in each run, so that two parallel runs do not collide."""


@dataclass(frozen=True)
class Options:
    """Options of one run. A figure is the median of `rounds`.

    `scale` is the number of requests in the tables when growth is measured.
    """

    rounds: int
    short: bool
    parts: Sequence[str]
    scale: int
    folder: Path


@dataclass(frozen=True)
class Bench:
    """A run with its stack.

    The product sends its mail to `smtp_port`, where a sink listens during measurements.

    `spare_port` is free for a floor.
    """

    options: Options
    results: Results
    progress: Progress
    stack: Stack
    form: Mapping[str, str]
    smtp_port: int
    spare_port: int
    _names: Iterator[int] = field(default_factory=lambda: count(1))

    @property
    def pids(self) -> Mapping[str, int]:
        """The root process of every program by its name, Kafka and PostgreSQL included."""
        return self.stack.supervisor.pids

    @property
    def kafka(self) -> KafkaConnection:
        """The broker's connection, as its administrator."""
        return self.stack.place.kafka[ADMINISTRATOR]

    @property
    def credentials(self) -> Any:  # noqa: ANN401  what is JSON
        """The part of `addresses.json` with the credentials of an operator and a back office."""
        return describe(self.stack.place, self.stack.secrets)["credentials"]

    def rounds(self, what: str) -> Iterator[int]:
        """Yield the numbers of the rounds, each shown as a step."""
        for turn in range(self.options.rounds):
            with self.progress.step(f"{what}, round {turn + 1} of {self.options.rounds}"):
                yield turn

    async def start(self, names: Sequence[str]) -> None:
        """Start stopped services again, and wait until they answer."""
        services = self.stack._services  # noqa: SLF001  the stack itself starts each of them once
        stopped = [program for program in services if program.name in names and program.name not in self.pids]
        await asyncio.gather(*map(self.stack.supervisor.start, stopped))

    def new_name(self) -> str:
        """Return a unique name for a load or a floor in this stack."""
        return f"r{next(self._names)}"

    def load(self, count: int, **changes: Any) -> Load:  # noqa: ANN401  the fields of `Load`
        """Return a load of submissions to intake; `changes` are fields of `Load`."""
        return replace(Load(self.stack.place.ports.intake, self.new_name(), self.form, count), **changes)

    async def back_office_token(self) -> str:
        """Fetch an access token as the back office."""
        given = self.credentials["backoffice"]
        form = {"grant_type": "client_credentials", "scope": given["scope"]}
        async with httpx.AsyncClient() as http:
            answer = await http.post(
                given["token_endpoint"], data=form, auth=(given["client_id"], given["client_secret"])
            )
        return str(answer.raise_for_status().json()["access_token"])


@asynccontextmanager
async def open_bench(options: Options, results: Results, progress: Progress) -> AsyncIterator[Bench]:
    """Run a new stack for as long as the context lasts; raises `StartFailure` when it cannot start."""
    data, base = options.folder / "data", free_base(FIRST_BASE + os.getpid() % BASES * STEP)
    smtp_port = base + len(NAMES)

    def change(program: Program) -> Program:
        if not program.name.startswith("notifier"):
            return program
        return replace(
            program,
            environment={
                **program.environment,
                "NOTIFIER_SMTP_HOST": HOST,
                "NOTIFIER_SMTP_PORT": str(smtp_port),
            },
        )

    with data_folder(data, data, fresh=True):
        stack = Stack(
            data,
            base,
            progress,
            ExistingServers(),
            log_level=os.environ.get("LOG_LEVEL", "INFO"),
            change=change,
        )
        async with stack.running():
            form = await asyncio.to_thread(fetch_form, stack.place.url("intake"))
            yield Bench(options, results, progress, stack, form, smtp_port, smtp_port + 1)
