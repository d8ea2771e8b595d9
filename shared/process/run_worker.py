"""Runs a worker process: configures its logs and stops it cleanly on SIGTERM or SIGINT."""

import asyncio
import signal
from collections.abc import Callable, Coroutine
from typing import TypeVar

import uvloop

from shared.process.logs import configure_logs, get_log
from shared.settings import OperationSettings

log = get_log(__name__)
S = TypeVar("S", bound=OperationSettings)


def run_worker(work: Callable[[S], Coroutine[None, None, None]], settings: S) -> None:
    """Run `work(settings)` until it fails, or SIGTERM or SIGINT cancels it."""
    configure_logs(settings.log_level)
    uvloop.run(_until_stopped(work(settings)))


async def _until_stopped(work: Coroutine[None, None, None]) -> None:
    task = asyncio.ensure_future(work)
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, task.cancel)
    try:
        await task
    except asyncio.CancelledError:
        log.info("worker_stopped")
