"""Serves an app on a local port, for browsers and clients that follow redirects between servers."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from socket import socket

import uvicorn
from starlette.types import ASGIApp

from tests.eventually import eventually


def free_socket() -> tuple[socket, str]:
    """Return a listening place and its address."""
    place = socket()
    place.bind(("127.0.0.1", 0))
    return place, f"http://127.0.0.1:{place.getsockname()[1]}"


@asynccontextmanager
async def serving(app: ASGIApp, place: socket) -> AsyncIterator[None]:
    """Serve an app for as long as the context lasts."""
    server = uvicorn.Server(
        uvicorn.Config(app, log_level="warning", access_log=False, timeout_graceful_shutdown=1)
    )
    task = asyncio.create_task(server.serve(sockets=[place]))

    async def started() -> bool:
        return server.started

    try:
        await eventually(started)
        yield
    finally:
        server.should_exit = True
        await task
