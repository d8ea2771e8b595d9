"""A whole stack beside whatever else runs.

`./run` as a child process, in a folder and on ports of its own.
"""

import asyncio
import json
import signal
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from deploy.ports import free_base
from deploy.program import die_with_parent

ROOT = Path(__file__).parents[2]
START_SECONDS = 120


@dataclass(frozen=True)
class RunningStack:
    """What a test knows of a running stack."""

    data: Path
    process: asyncio.subprocess.Process

    @property
    def addresses(self) -> dict[str, Any]:
        """The present content of `addresses.json`; the process ids change when something was restarted."""
        facts: dict[str, Any] = json.loads((self.data / "addresses.json").read_text())
        return facts

    @property
    def output(self) -> str:
        """What the terminal has shown so far."""
        return (self.data.parent / "output").read_text()

    async def stop(self, how: signal.Signals = signal.SIGINT) -> int:
        """End the run and wait until it is gone; return its exit code."""
        if self.process.returncode is None:
            self.process.send_signal(how)
        return await self.process.wait()


@asynccontextmanager
async def running_stack(
    folder: Path, *arguments: str, environment: Mapping[str, str] | None = None
) -> AsyncIterator[RunningStack]:
    """Run a stack for as long as the context lasts; its data is in `folder/data`."""
    stack = await launch(folder, "--port-base", str(free_base(20000)), *arguments, environment=environment)
    try:
        await _until_ready(stack)
        yield stack
    finally:
        await stack.stop()


async def launch(folder: Path, *arguments: str, environment: Mapping[str, str] | None = None) -> RunningStack:
    """Start `./run` and do not wait."""
    with (folder / "output").open("ab") as output:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "deploy.run",
            "--data",
            str(folder / "data"),
            *arguments,
            stdout=output,
            stderr=output,
            cwd=ROOT,
            env=environment,
            preexec_fn=die_with_parent(),
        )
    return RunningStack(folder / "data", process)


async def _until_ready(stack: RunningStack) -> None:
    async with asyncio.timeout(START_SECONDS):
        while not (stack.data / "addresses.json").exists():
            assert stack.process.returncode is None, stack.output
            await asyncio.sleep(0.1)
