"""The proxy misbehaves as told, and goes on where it was."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from proof.chaos.fault_proxy import SLOW_SECONDS, FaultProxy, FaultProxyProcess
from tests.eventually import eventually

Kind = type[FaultProxy] | type[FaultProxyProcess]
Line = tuple[asyncio.StreamReader, asyncio.StreamWriter]


async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while line := await reader.readline():
        writer.write(line)
    writer.close()


@asynccontextmanager
async def proxied(kind: Kind = FaultProxy) -> AsyncIterator[FaultProxy | FaultProxyProcess]:
    async with (
        await asyncio.start_server(echo, "127.0.0.1", 0) as server,
        kind(server.sockets[0].getsockname()[1]) as proxy,
    ):
        yield proxy


async def say(line: Line, word: bytes) -> bytes:
    line[1].write(word + b"\n")
    async with asyncio.timeout(5):
        return (await line[0].readline()).strip()


@pytest.mark.parametrize("kind", [FaultProxy, FaultProxyProcess])
async def test_it_forwards(kind: Kind) -> None:
    async with proxied(kind) as proxy:
        line = await asyncio.open_connection("127.0.0.1", proxy.port)
        assert await say(line, b"one") == b"one"
        line[1].close()


async def read_one(port: int) -> bytes:
    reader, _ = await asyncio.open_connection("127.0.0.1", port)
    return await asyncio.wait_for(reader.readexactly(1), 5)


@pytest.mark.parametrize("kind", [FaultProxy, FaultProxyProcess])
async def test_a_cut_ends_connections_and_takes_no_new_ones_until_it_is_over(kind: Kind) -> None:
    async with proxied(kind) as proxy:
        line = await asyncio.open_connection("127.0.0.1", proxy.port)
        await say(line, b"one")
        proxy.set("cut")
        with pytest.raises(ConnectionError):
            await asyncio.wait_for(line[0].readexactly(1), 5)
        with pytest.raises((ConnectionError, asyncio.IncompleteReadError)):
            await read_one(proxy.port)
        proxy.set("pass")

        async def forwards_again() -> None:
            line = await asyncio.open_connection("127.0.0.1", proxy.port)
            assert await say(line, b"two") == b"two"
            line[1].close()

        await eventually(forwards_again)


async def test_half_open_keeps_the_connection_and_forwards_nothing_until_it_is_over() -> None:
    async with proxied() as proxy:
        line = await asyncio.open_connection("127.0.0.1", proxy.port)
        proxy.set("half-open")
        line[1].write(b"held back\n")
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(line[0].readline(), 0.3)
        proxy.set("pass")
        assert await asyncio.wait_for(line[0].readline(), 5) == b"held back\n"
        line[1].close()


async def test_slow_delays_each_way() -> None:
    async with proxied() as proxy:
        line = await asyncio.open_connection("127.0.0.1", proxy.port)
        proxy.set("slow")
        began = time.monotonic()
        await say(line, b"one")
        assert time.monotonic() - began >= 2 * SLOW_SECONDS
        line[1].close()


async def test_an_unknown_way_to_misbehave_is_told() -> None:
    with pytest.raises(ValueError, match="sideways"):
        FaultProxy(1).set("sideways")
