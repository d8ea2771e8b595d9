"""A PostgreSQL primary with its streaming standby, and an address that can move between them."""

import asyncio
import os
import subprocess
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from deploy.postgres import ADMIN, _as_unprivileged, _binaries, dsn, postgres_program
from deploy.program import Program, inherited_environment, spawn, stop
from shared.database.engine import connect
from tests.eventually import eventually
from tests.infra.embedded import START_SECONDS, free_ports

PASSWORD = "not a secret/@"


@dataclass
class Server:
    """One running server."""

    port: int
    program: Program
    process: asyncio.subprocess.Process

    @property
    def admin(self) -> str:
        """The superuser's address, whether or not the server takes writes."""
        return dsn(ADMIN, PASSWORD, self.port, ADMIN) + "?target_session_attrs=any"

    async def run(self, statement: str) -> object:
        """Run one statement as the superuser, and give its first value."""
        connection = await connect(self.admin)
        try:
            return await connection.fetchval(statement)
        finally:
            await connection.close()


@asynccontextmanager
async def primary_and_standby(folder: Path) -> AsyncIterator[tuple[Server, Server]]:
    """Run both for as long as the context lasts; the standby streams."""
    async with AsyncExitStack() as stack:
        primary = await _start(stack, folder / "first")
        copy = folder / "second"
        copy.mkdir()
        os.chown(copy, (folder / "first" / "data").stat().st_uid, (folder / "first" / "data").stat().st_gid)
        source = dsn(ADMIN, PASSWORD, primary.port, ADMIN)
        command = (
            *_as_unprivileged(copy),
            str(_binaries() / "pg_basebackup"),
            "-D",
            str(copy / "data"),
            "-d",
            source,
            "-R",
            "-c",
            "fast",
        )
        await asyncio.to_thread(
            subprocess.run, command, check=True, cwd=copy, env=inherited_environment(os.environ)
        )
        standby = await _start(stack, copy)

        async def streams() -> bool:
            return bool(
                await primary.run("select count(*) = 1 from pg_stat_replication where state = 'streaming'")
            )

        await eventually(streams)
        yield primary, standby


async def _start(stack: AsyncExitStack, folder: Path) -> Server:
    (port,) = free_ports(1)
    program = await asyncio.to_thread(postgres_program, folder, port, PASSWORD)
    server = Server(port, program, await spawn(program, folder / "log"))
    stack.push_async_callback(stop, server.process, program)

    async def ready() -> None:
        await server.run("select 1")

    await eventually(ready, START_SECONDS)
    return server


class MovingAddress:
    """A virtual address.

    What is connected when it moves hangs without a word, what comes later reaches the new server.
    """

    def __init__(self, target: int | None) -> None:
        self.port = 0
        self._target = target
        self._moved = asyncio.Event()
        self._over = asyncio.Event()
        self._lines: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Self:
        """Listen; `port` says where."""
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        """End everything."""
        self._server.close()
        self._over.set()
        await asyncio.gather(*self._lines)

    def move(self, target: int | None) -> None:
        """Lead to another server from now on, or nowhere."""
        self._target = target
        self._moved.set()
        self._moved = asyncio.Event()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        line = asyncio.create_task(self._keep(reader, writer, self._moved))
        self._lines.add(line)
        await asyncio.wait((line,))
        self._lines.discard(line)

    async def _keep(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, moved: asyncio.Event
    ) -> None:
        writers, copies = [writer], []
        over, gone = asyncio.create_task(self._over.wait()), asyncio.create_task(moved.wait())
        try:
            if self._target is not None:
                with suppress(OSError):
                    there_reader, there_writer = await asyncio.open_connection("127.0.0.1", self._target)
                    writers.append(there_writer)
                    copies = [
                        asyncio.create_task(_copy(reader, there_writer)),
                        asyncio.create_task(_copy(there_reader, writer)),
                    ]
                    await asyncio.wait((*copies, over, gone), return_when=asyncio.FIRST_COMPLETED)
                if not gone.done():
                    return
            for copy in copies:
                copy.cancel()
            await over
        finally:
            for task in (*copies, over, gone):
                task.cancel()
            await asyncio.gather(*copies, over, gone, return_exceptions=True)
            for each in writers:
                each.transport.abort()


async def _copy(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
    with suppress(OSError):
        while piece := await source.read(1 << 16):
            sink.write(piece)
            await sink.drain()
