"""Starts all programs of one stack in order, and stops them in reverse."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine, Iterable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from deploy.addresses import Addresses, describe
from deploy.environment import environments
from deploy.failure import StartFailure
from deploy.keys import read_or_make
from deploy.ports import check_free, ports_from
from deploy.processes import mailbox, prepare_program, processes
from deploy.program import Program, spawn
from deploy.progress import Progress
from deploy.servers import ExistingServers, find_place, make_databases, server_programs
from deploy.supervise import Supervisor, ending_of_log

SERVERS = ("kafka", "postgres", "mailbox")


def unchanged(program: Program) -> Program:
    """Return the program itself."""
    return program


class Stack:
    """One stack in one data folder, on the ports from `port_base` on.

    `change` may replace each program of the product before it is started.
    """

    def __init__(
        self,
        data: Path,
        port_base: int,
        progress: Progress,
        existing: ExistingServers,
        *,
        log_level: str = "INFO",
        canary_seconds: int = 0,
        change: Callable[[Program], Program] = unchanged,
    ) -> None:
        self.secrets = read_or_make(data / "secrets.json")
        self.place = find_place(data, ports_from(port_base), self.secrets, existing)
        self._existing = existing
        self._progress = progress
        self._environments = environments(self.place, self.secrets, log_level, canary_seconds)
        self._mailbox = change(mailbox(self.place, self._environments["mailbox"]))
        self._services = [change(program) for program in processes(self.place, self._environments)]
        self._addresses = Addresses(data / "addresses.json")
        self.supervisor = Supervisor(data / "logs", progress.say, self._on_change)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Start everything, and stop it at the end.

        Raises `StartFailure` when Kafka, PostgreSQL or a program that they need cannot start. A service or
        mailbox that cannot stay up is retried while the others run.
        """
        try:
            await self._start()
            self._addresses.publish(
                describe(self.place, self.secrets), self.supervisor.pids, self.supervisor.down
            )
            yield
        finally:
            self._addresses.withdraw()
            if self.supervisor.pids:
                with self._progress.step("Stopping"):
                    await self._stop()

    async def _start(self) -> None:
        await check_free([port for program in (self._mailbox, *self._services) for port in program.ports])
        with self._progress.step("Preparing Kafka and PostgreSQL"):
            servers = {
                program.name: program
                for program in await server_programs(self.place, self.secrets, self._existing, self._progress)
            }
        await check_free([port for program in servers.values() for port in program.ports])
        with self._progress.step("Starting Kafka, PostgreSQL and the mailbox"):
            database = servers.pop("postgres", None)
            await run_concurrently(
                self._start_or_go_on(self._mailbox),
                *(self.supervisor.start(program) for program in servers.values()),
                self._prepare(database),
            )
        with self._progress.step("Starting the four services"):
            await run_concurrently(
                *(self._start_or_go_on(program, needs=SERVERS) for program in self._services)
            )

    async def _start_or_go_on(self, program: Program, needs: Iterable[str] = ()) -> None:
        try:
            await self.supervisor.start(program, needs)
        except StartFailure as failure:
            self._progress.say(str(failure))

    async def _stop(self) -> None:
        await self.supervisor.stop(program.name for program in self._services)
        await self.supervisor.stop(SERVERS)

    async def _prepare(self, database: Program | None) -> None:
        """Start PostgreSQL, then migrate databases and create topics; Kafka starts at the same time."""
        if database:
            await self.supervisor.start(database)
        try:
            await make_databases(self.place, self.secrets, self._existing)
        except Exception as error:
            raise StartFailure(
                f"The databases cannot be made ({type(error).__name__}: {error}); check DATABASE_URL."
            ) from error
        log = self.place.data / "logs" / "prepare.log"
        process = await spawn(prepare_program(self.place, self._environments), log)
        try:
            if await process.wait():
                raise StartFailure(ending_of_log("The topics and databases could not be prepared", log))
        finally:
            if process.returncode is None:
                process.kill()

    def _on_change(self) -> None:
        self._addresses.update(self.supervisor.pids, self.supervisor.down)


async def run_concurrently(*jobs: Coroutine[Any, Any, None]) -> None:
    """Run jobs concurrently; the first failure cancels the others and is raised."""
    try:
        async with asyncio.TaskGroup() as group:
            for job in jobs:
                group.create_task(job)
    except BaseExceptionGroup as failures:
        raise failures.exceptions[0] from None
