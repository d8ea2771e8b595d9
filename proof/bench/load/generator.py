"""The generator as its users see it: ready with open connections, then told to go."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from deploy.failure import StartFailure
from deploy.processes import ROOT
from deploy.program import die_with_parent, inherited_environment
from proof.bench.load.load import Load
from proof.bench.load.sent import Sent, read_sent

READY, DONE, GO = b"ready\n", b"done\n", b"go\n"


@dataclass(frozen=True)
class Generator:
    """A process that has everything ready; `go` may be called once."""

    load: Load
    process: asyncio.subprocess.Process
    place: Path

    async def go(self) -> Sent:
        """Send the load and wait for all answers; raises `StartFailure` when the generator itself fails."""
        assert self.process.stdin is not None  # noqa: S101  opened as a pipe
        self.process.stdin.write(GO)
        await _expect(self.process, DONE)
        return await asyncio.to_thread(read_sent, self.load, self.place)


@asynccontextmanager
async def generator(load: Load, folder: Path) -> AsyncIterator[Generator]:
    """Start one; what it measured stays in `folder` as raw data."""
    place = _place(folder, load)
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "proof.bench.load.process",
        str(place),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        cwd=ROOT,
        env=inherited_environment(os.environ),
        preexec_fn=die_with_parent(),
    )
    assert process.stdin is not None  # noqa: S101  opened as a pipe
    try:
        process.stdin.write(load.to_json().encode() + b"\n")
        await _expect(process, READY)
        yield Generator(load, process, place)
    finally:
        if process.returncode is None:
            process.stdin.close()
            process.kill()
            await process.wait()


def _place(folder: Path, load: Load) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    return folder / f"load-{load.run}.bin"


async def _expect(process: asyncio.subprocess.Process, word: bytes) -> None:
    assert process.stdout is not None  # noqa: S101  opened as a pipe
    if (told := await process.stdout.readline()) != word:
        raise StartFailure(f"The load generator failed (it said {told.decode(errors='replace').strip() or 'nothing'}); its words are above.")
