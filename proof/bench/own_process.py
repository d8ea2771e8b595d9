"""Runs a function in a new process, so that load and floors share no event loop with the measurement."""

import asyncio
import ctypes
import logging
import multiprocessing
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection
from typing import Any, TypeVar, cast

from deploy.failure import StartFailure
from deploy.ports import in_use
from deploy.program import PR_SET_PDEATHSIG

T = TypeVar("T")
SPAWN = multiprocessing.get_context("spawn")
START_SECONDS, PAUSE = 20.0, 0.02


@contextmanager
def own_process(work: Callable[..., object], *arguments: object) -> Iterator[int]:
    """Run `work(*arguments)` for as long as the context lasts, then kill it; yields the process id."""
    process = SPAWN.Process(target=_run, args=(work, *arguments), daemon=True)
    process.start()
    try:
        yield cast("int", process.pid)
    finally:
        process.kill()
        process.join()


async def in_own_process(work: Callable[..., T], *arguments: object) -> T:
    """Return the result of `work(*arguments)`.

    Raises `StartFailure` when it fails, with the traceback printed.
    """
    receiver, sender = SPAWN.Pipe(duplex=False)
    with own_process(_send_result, sender, work, *arguments):
        sender.close()
        try:
            return cast("T", await asyncio.to_thread(receiver.recv))
        except EOFError:
            raise StartFailure(f"{work.__module__}.{work.__name__} failed; its traceback is above.") from None


async def until_listening(port: int) -> None:
    """Wait until a process listens on a port of 127.0.0.1; raises `StartFailure` on a time-out."""
    deadline = time.monotonic() + START_SECONDS
    while not in_use(port):
        if time.monotonic() > deadline:
            raise StartFailure(f"Nothing listens on port {port} after {START_SECONDS:.0f} s.")
        await asyncio.sleep(PAUSE)


def _run(work: Callable[..., object], *arguments: Any) -> None:  # noqa: ANN401  the arguments of `work`
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)
    work(*arguments)


def _send_result(sender: Connection, work: Callable[..., object], *arguments: Any) -> None:  # noqa: ANN401  as above
    sender.send(work(*arguments))
