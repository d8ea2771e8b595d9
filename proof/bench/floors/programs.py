"""The floors as processes of their own, started and stopped like the product's."""

import asyncio
import json
import os
import sys
from pathlib import Path

from deploy.failure import StartFailure
from deploy.ports import HOST
from deploy.processes import ROOT, answers_ok
from deploy.program import Program, die_with_parent, inherited_environment
from proof.bench.floors.settings import FloorSettings

QUIET = ("--no-access-log", "--log-level", "warning", "--timeout-graceful-shutdown", "3", "--no-proxy-headers")
PIPELINE = ("floor-intake", "floor-tracker", "floor-notifier")


def app_program(name: str, module: str, settings: FloorSettings, port: int) -> Program:
    """Give a floor that serves HTTP, on uvicorn as the product's apps are."""
    command = (sys.executable, "-m", "uvicorn", "--factory", f"proof.bench.floors.{module}:create_app", "--host", HOST, "--port", str(port), *QUIET)

    async def ready() -> None:
        await answers_ok(port, "/openapi.json")

    return Program(name, command, ready, settings.environment(), ROOT, ports=(port,))


def worker_program(name: str, module: str, settings: FloorSettings, folder: Path) -> Program:
    """Give a floor that reads a topic; it makes a file in `folder` once it has its partitions."""
    there = folder / f"{name}.ready"
    there.unlink(missing_ok=True)

    async def ready() -> None:
        there.stat()

    command = (sys.executable, "-m", f"proof.bench.floors.{module}")
    return Program(name, command, ready, {**settings.environment(), "FLOOR_READY": str(there)}, ROOT)


def pipeline_programs(settings: FloorSettings, port: int, folder: Path) -> list[Program]:
    """Give the three processes of the bare pipeline."""
    return [
        app_program("floor-intake", "pipeline.intake", settings, port),
        worker_program("floor-tracker", "pipeline.tracker", settings, folder),
        worker_program("floor-notifier", "pipeline.notifier", settings, folder),
    ]


async def run_once(module: str, *arguments: str) -> float:
    """Run a floor that ends by itself; gives how many a second. Raises `StartFailure` when it fails."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        f"proof.bench.floors.{module}",
        *arguments,
        stdout=asyncio.subprocess.PIPE,
        cwd=ROOT,
        env=inherited_environment(os.environ),
        preexec_fn=die_with_parent(),
    )
    told, _ = await process.communicate()
    if process.returncode:
        raise StartFailure(f"The floor {module} failed; its words are above.")
    done = json.loads(told)
    return float(done["count"] / done["seconds"])
