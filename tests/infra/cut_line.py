"""A line to a server that breaks after so many bytes of its answers."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass


@dataclass
class CutLine:
    """Listens on `port`. Each connection is reset once `after` bytes have come back from the server.

    `None` lets all through.
    """

    port: int
    after: int | None = None
    broken: int = 0


@asynccontextmanager
async def cut_line(target: int) -> AsyncIterator[CutLine]:
    """Forward connections to a port of 127.0.0.1 for as long as the context lasts."""
    line = CutLine(0)

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there_reader, there_writer = await asyncio.open_connection("127.0.0.1", target)
        asking = asyncio.create_task(_copy(reader, there_writer))
        left = line.after
        try:
            while piece := await there_reader.read(1 << 16):
                if left is not None:
                    piece = piece[:left]
                    left -= len(piece)
                writer.write(piece)
                await writer.drain()
                if left == 0:
                    line.broken += 1
                    return
        except OSError:
            return
        finally:
            asking.cancel()
            writer.transport.abort()
            there_writer.transport.abort()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    line.port = server.sockets[0].getsockname()[1]
    try:
        yield line
    finally:
        server.close()


async def _copy(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
    with suppress(OSError):
        while piece := await source.read(1 << 16):
            sink.write(piece)
            await sink.drain()
