"""How long `./run` takes until it says that it is ready: the first time, in a new folder, and the second time."""

import asyncio
import os
import shutil
import signal
import sys
import time
from pathlib import Path

from deploy.failure import StartFailure
from deploy.ports import free_base
from deploy.processes import ROOT
from deploy.program import die_with_parent, inherited_environment
from proof.bench.figure import of_rounds
from proof.bench.part import Alone

PORTS_FROM = 25_000
SECOND_GOAL_SECONDS = 10.0
READY = b"Ready after"
PATIENCE_SECONDS = 180.0
NETWORK = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "HTTPS_PROXY", "https_proxy", "NO_PROXY", "no_proxy")
"""A first start may have to download: by the same way as whoever measures it."""


async def measure_start(alone: Alone) -> None:
    """Start twice in each round; what is downloaded once (packages, Kafka's jars) is there already."""
    rounds = []
    for turn in range(alone.options.rounds):
        with alone.progress.step(f"First and second ./run, round {turn + 1} of {alone.options.rounds}"):
            rounds.append(await _first_and_second(alone.options.folder / "start"))
    alone.results.keep("start", rounds)
    alone.results.add(
        of_rounds("start.first", [first for first, _ in rounds], "s"),
        of_rounds("start.second", [second for _, second in rounds], "s", goal=SECOND_GOAL_SECONDS),
    )


async def _first_and_second(folder: Path) -> tuple[float, float]:
    shutil.rmtree(folder, ignore_errors=True)
    try:
        return await seconds_until_ready(folder), await seconds_until_ready(folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


async def seconds_until_ready(folder: Path) -> float:
    """Run `./run` with its data in `folder/data` until it says that it is ready, and stop it; raises `StartFailure` when it never does."""
    started = time.monotonic()
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        str(ROOT / "run"),
        "--data",
        str(folder / "data"),
        "--port-base",
        str(free_base(PORTS_FROM)),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        cwd=ROOT,
        env=inherited_environment(os.environ) | {name: os.environ[name] for name in NETWORK if name in os.environ},
        preexec_fn=die_with_parent(),
    )
    assert process.stdout is not None  # noqa: S101  opened as a pipe
    try:
        said = await _until_ready(process.stdout)
        seconds = time.monotonic() - started
    finally:
        if process.returncode is None:
            process.send_signal(signal.SIGINT)
        await asyncio.gather(process.stdout.read(), process.wait())
    if READY not in said:
        raise StartFailure(f"./run did not become ready; the last it said: {said.decode(errors='replace').strip()}")
    return seconds


async def _until_ready(output: asyncio.StreamReader) -> bytes:
    said = line = b""
    try:
        async with asyncio.timeout(PATIENCE_SECONDS):
            while READY not in line and (line := await output.readline()):
                said = line
    except TimeoutError:
        pass
    return said
