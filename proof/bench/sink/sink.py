"""Opens the mail sink and reads from its log how many mails came and when."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from deploy.ports import check_free
from proof.bench.own_process import own_process, until_listening
from proof.bench.sink.serve import serve

PAUSE = 0.01


@dataclass
class Sink:
    """`arrivals`: recipient to `time.monotonic_ns()` of its first mail, as far as `count` has read."""

    log: Path
    arrivals: dict[str, int] = field(default_factory=dict)
    last: int = 0
    _mails: int = 0
    _read_to: int = 0

    def count(self) -> int:
        """Read on; returns how many mails have come, repeats included."""
        with self.log.open("rb") as log:
            log.seek(self._read_to)
            whole, found, _ = log.read().rpartition(b"\n")
        self._read_to += len(whole) + len(found)
        for line in whole.splitlines():
            recipient, _, at = line.decode().rpartition(" ")
            self.last = int(at)
            self.arrivals.setdefault(recipient, self.last)
            self._mails += 1
        return self._mails

    async def wait(self, count: int, within: float) -> int:
        """Wait until `count` mails have come, at most `within` seconds; returns how many have."""
        deadline = time.monotonic() + within
        while (come := self.count()) < count and time.monotonic() < deadline:  # noqa: ASYNC110  another process has no event to wait for
            await asyncio.sleep(PAUSE)
        return come


@asynccontextmanager
async def open_sink(port: int, folder: Path) -> AsyncIterator[Sink]:
    """Listen on 127.0.0.1 for as long as the context lasts; `folder` exists and gets the log."""
    log = folder / "sink.log"
    await asyncio.to_thread(log.write_bytes, b"")
    await check_free([port])
    with own_process(serve, port, log):
        await until_listening(port)
        yield Sink(log)
