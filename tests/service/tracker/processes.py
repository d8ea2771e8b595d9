"""Tracker's two processes as they really run, with what they write."""

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from pydantic import SecretStr

from services.tracker.settings import Settings as TrackerSettings

ROOT = Path(__file__).parents[3]
WORKER = (sys.executable, "-m", "services.tracker.worker")
LOGS = str(ROOT / "deploy" / "uvicorn-logs.json")
APP = (
    sys.executable,
    "-m",
    "uvicorn",
    "--factory",
    "services.tracker.app:create_app",
    "--no-access-log",
    "--log-config",
    LOGS,
    "--port",
)


def environment(settings: TrackerSettings) -> dict[str, str]:
    """Write settings as the environment that gives them."""
    names = {
        name: str(field.validation_alias or f"TRACKER_{name.upper()}")
        for name, field in type(settings).model_fields.items()
    }
    values = {names[name]: getattr(settings, name) for name in names}
    return {name: _text(value) for name, value in values.items() if value is not None}


def _text(value: object) -> str:
    if isinstance(value, SecretStr):
        return value.get_secret_value()
    if isinstance(value, frozenset):
        return ",".join(value)
    return json.dumps(value) if isinstance(value, dict) else str(value)


@asynccontextmanager
async def process(
    command: tuple[str, ...], settings: TrackerSettings, log: Path, **extra: str
) -> AsyncIterator[asyncio.subprocess.Process]:
    """Run a process for as long as the context lasts; what it writes is added to `log`."""
    with log.open("ab") as output:
        running = await asyncio.create_subprocess_exec(
            *command,
            env={"PATH": os.environ["PATH"], **environment(settings), **extra},
            cwd=ROOT,
            stdout=output,
            stderr=output,
        )
    try:
        yield running
    finally:
        if running.returncode is None:
            running.terminate()
        await running.wait()
