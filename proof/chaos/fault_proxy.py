"""A TCP proxy that injects connection faults: cut, slow, half open, narrow.

`python -m proof.chaos.fault_proxy TARGET_PORT` runs one as a process: it writes its own port to standard
output, reads modes from lines of standard input, and ends when that is closed.
"""

import asyncio
import contextlib
import struct
import sys
from socket import SO_LINGER, SOL_SOCKET
from typing import Any, Literal, Self, TypeAlias, get_args

import uvloop

Mode: TypeAlias = Literal["pass", "cut", "slow", "half-open", "narrow"]
MODES: tuple[Mode, ...] = get_args(Mode)

CHUNK = 1 << 16
SLOW_SECONDS = 0.15
NARROW_BYTES = 4_096
NARROW_SECONDS = 0.1
HOST = "127.0.0.1"


class FaultProxy:
    """Forwards connections on a port of its own to `target`.

    `set("cut")` changes what happens to all of them at once.

    `cut` resets every connection and takes no new ones, `slow` delays every piece, `half-open` keeps
    connections open and forwards nothing, `narrow` lets about 40 kB a second through each way. What was held
    back is forwarded when the fault ends.
    """

    def __init__(self, target: int) -> None:
        self._target = target
        self._mode = "pass"
        self._changed = asyncio.Event()
        self._open: set[asyncio.StreamWriter] = set()
        self._server: asyncio.Server | None = None
        self.port = 0

    async def __aenter__(self) -> Self:
        """Listen; `port` says where."""
        self._server = await asyncio.start_server(self._serve, HOST, 0, backlog=512)
        self.port = int(self._server.sockets[0].getsockname()[1])
        return self

    async def __aexit__(self, *_: object) -> None:
        """Close everything."""
        if self._server:
            self._server.close()
        self._reset_all()

    def set(self, mode: str) -> None:
        """Change what happens to connections, those that are open too; one of `MODES`."""
        if mode not in MODES:
            raise ValueError(mode)
        self._mode = mode
        self._changed.set()
        self._changed = asyncio.Event()
        if mode == "cut":
            self._reset_all()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._mode == "cut":
            _reset(writer)
            return
        try:
            there_reader, there_writer = await asyncio.open_connection(HOST, self._target)
        except OSError:
            _reset(writer)
            return
        self._open |= {writer, there_writer}
        try:
            await asyncio.gather(self._pump(reader, there_writer), self._pump(there_reader, writer))
        finally:
            for each in (writer, there_writer):
                self._open.discard(each)
                each.close()

    async def _pump(self, source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        """Copy one direction until it ends; a broken connection ends both."""
        try:
            while piece := await source.read(NARROW_BYTES if self._mode == "narrow" else CHUNK):
                await self._hold_back()
                sink.write(piece)
                await sink.drain()
            with contextlib.suppress(OSError, RuntimeError):
                sink.write_eof()
        except (OSError, RuntimeError):
            _reset(sink)

    async def _hold_back(self) -> None:
        while self._mode == "half-open":
            await self._changed.wait()
        if self._mode == "slow":
            await asyncio.sleep(SLOW_SECONDS)
        elif self._mode == "narrow":
            await asyncio.sleep(NARROW_SECONDS)

    def _reset_all(self) -> None:
        for writer in list(self._open):
            _reset(writer)
        self._open.clear()


class FaultProxyProcess:
    """The same proxy in a process of its own, so that it forwards however busy this one is."""

    def __init__(self, target: int) -> None:
        self._target = target
        self._process: asyncio.subprocess.Process | None = None
        self.port = 0

    async def __aenter__(self) -> Self:
        """Start the process; `port` says where it listens."""
        self._process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", __spec__.name, str(self._target)),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
        )
        assert self._process.stdout  # noqa: S101  for the type checker: it is piped
        self.port = int(await self._process.stdout.readline())
        return self

    async def __aexit__(self, *_: object) -> None:
        """End the process, and with it every connection."""
        if self._process and self._process.stdin:
            self._process.stdin.close()
            await self._process.wait()

    def set(self, mode: str) -> None:
        """Change what happens to connections, as `FaultProxy.set` does."""
        if mode not in MODES:
            raise ValueError(mode)
        assert self._process and self._process.stdin  # noqa: S101, PT018  as above
        self._process.stdin.write(f"{mode}\n".encode())


def _reset(writer: asyncio.StreamWriter) -> None:
    """End a connection with a reset, as a cut line shows itself."""
    socket: Any = writer.get_extra_info("socket")
    if socket is not None:
        with contextlib.suppress(OSError):
            socket.setsockopt(SOL_SOCKET, SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


async def _serve_until_closed(target: int) -> None:
    loop, modes = asyncio.get_running_loop(), asyncio.StreamReader()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(modes), sys.stdin)
    async with FaultProxy(target) as proxy:
        print(proxy.port, flush=True)  # noqa: T201  the parent reads it
        while mode := await modes.readline():
            proxy.set(mode.decode().strip())


if __name__ == "__main__":
    uvloop.run(_serve_until_closed(int(sys.argv[1])))
