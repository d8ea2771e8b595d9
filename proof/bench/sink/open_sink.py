"""A sink as its users see it: open while something is measured, asked how many mails came and when."""

import asyncio
import os
import re
import shutil
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeAlias

from deploy.failure import StartFailure
from deploy.ports import HOST, check_free
from deploy.processes import ROOT
from deploy.program import Program, spawn, stop

PAUSE, START_SECONDS = 0.01, 10.0
BACKLOG = 100
TAIL = 200
COUNTED = re.compile(rb"mesg=(\d+)")


@dataclass
class TimedSink:
    """Our own sink. `arrivals`: recipient to `time.monotonic_ns()` of its first mail, as far as it was read."""

    log: Path
    pid: int
    arrivals: dict[str, int] = field(default_factory=dict)
    _mails: int = 0
    _read_to: int = 0

    def count(self) -> int:
        """Read on; gives how many mails have come, repeats included."""
        with self.log.open("rb") as log:
            log.seek(self._read_to)
            whole, found, _ = log.read().rpartition(b"\n")
        self._read_to += len(whole) + len(found)
        for line in whole.splitlines():
            recipient, _, at = line.decode().rpartition(" ")
            self.arrivals.setdefault(recipient, int(at))
            self._mails += 1
        return self._mails

    async def wait(self, count: int, within: float) -> int:
        """Wait until `count` mails have come, at most `within` seconds; gives how many have."""
        return await _wait(self, count, within)


@dataclass
class FastSink:
    """Postfix's `smtp-sink`: counts only, and takes more than anybody can send."""

    log: Path
    pid: int

    def count(self) -> int:
        """Give how many mails have come: it prints a running counter."""
        size = self.log.stat().st_size
        with self.log.open("rb") as log:
            log.seek(max(0, size - TAIL))
            counts = COUNTED.findall(log.read().rpartition(b"\r")[0])
        return int(counts[-1]) if counts else 0

    async def wait(self, count: int, within: float) -> int:
        """Wait until `count` mails have come, at most `within` seconds; gives how many have."""
        return await _wait(self, count, within)


Sink: TypeAlias = TimedSink | FastSink


@asynccontextmanager
async def timed_sink(port: int, folder: Path) -> AsyncIterator[TimedSink]:
    """Run our own sink on 127.0.0.1 for as long as the context lasts."""
    log = _new_log(folder, "sink-arrivals.log")
    command = (sys.executable, "-m", "proof.bench.sink.server", str(port), str(log))
    async with _running(command, port, folder / "sink.log") as pid:
        yield TimedSink(log, pid)


@asynccontextmanager
async def fast_sink(port: int, folder: Path) -> AsyncIterator[Sink]:
    """Run `smtp-sink` where it is installed, our own where it is not."""
    program = find_smtp_sink()
    if program is None:
        async with timed_sink(port, folder) as own:
            yield own
        return
    log = _new_log(folder, "smtp-sink.log")
    lent = ("-u", "nobody") if os.geteuid() == 0 else ()
    async with _running((program, *lent, "-c", f"{HOST}:{port}", str(BACKLOG)), port, log) as pid:
        yield FastSink(log, pid)


def find_smtp_sink() -> str | None:
    """Give the path of Postfix's `smtp-sink`, if it is installed; it lies where ordinary users' `PATH` does not lead."""
    return shutil.which("smtp-sink", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/lib/postfix/sbin")


def _new_log(folder: Path, name: str) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    log = folder / name
    log.write_bytes(b"")
    return log


@asynccontextmanager
async def _running(command: tuple[str, ...], port: int, log: Path) -> AsyncIterator[int]:
    async def ready() -> None:
        _, writer = await asyncio.open_connection(HOST, port)
        writer.close()

    await check_free([port])
    program = Program("sink", command, ready, folder=ROOT, stop_seconds=2)
    process = await spawn(program, log)
    try:
        await _until_ready(program, process)
        yield process.pid
    finally:
        await stop(process, program)


async def _until_ready(program: Program, process: asyncio.subprocess.Process) -> None:
    deadline = time.monotonic() + START_SECONDS
    while True:
        try:
            await program.ready()
        except OSError as error:
            if process.returncode is not None or time.monotonic() > deadline:
                raise StartFailure(f"The mail sink does not start: {' '.join(program.command)}") from error
            await asyncio.sleep(PAUSE)
        else:
            return


async def _wait(sink: Sink, count: int, within: float) -> int:
    deadline = time.monotonic() + within
    while (come := sink.count()) < count and time.monotonic() < deadline:  # noqa: ASYNC110  another process has no event to wait for
        await asyncio.sleep(PAUSE)
    return come
