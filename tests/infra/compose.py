"""The whole stack in containers, beside any other that runs.

A compose project and ports of its own, gone afterwards.
"""

import asyncio
import contextlib
import json
import os
import secrets
from collections.abc import AsyncIterator, Coroutine, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from tests.infra.embedded import ROOT, free_ports

PORTS = ("SITE_PORT", "IDENTITY_PORT", "TRACKER_PORT", "NOTIFIER_PORT", "MAILBOX_PORT", "KAFKA_PORT")
FILES = ("--file", "docker-compose.yml", "--file", "deploy/compose/reachable.yml")
START_SECONDS = 300
LOG_LINES = 40


@asynccontextmanager
async def stack(folder: Path) -> AsyncIterator[dict[str, Any]]:
    """Run everything for as long as the context lasts.

    Return its addresses, as `addresses.json` of `./run` has them.

    `file` names that file, where `pids` (of each container's first process) is kept true while containers
    come and go.
    """
    compose = _Compose({"COMPOSE_PROJECT_NAME": f"asiointi-test-{secrets.token_hex(4)}", **_free_ports()})
    try:
        await compose.run("up", "--build", "--wait", f"--wait-timeout={START_SECONDS}")
        addresses = json.loads(
            await compose.run(
                "run", "--rm", "--no-deps", "settings", "python", "-m", "deploy.compose.addresses"
            )
        )
        addresses["file"] = str(folder / "addresses.json")
        await _write(addresses, await compose.pids())
        async with _beside(_keep_pids_true(addresses, compose)):
            yield addresses
    except BaseException:
        print(await compose.run("logs", f"--tail={LOG_LINES}", "--no-color"))  # noqa: T201  pytest shows it with the failure
        raise
    finally:
        await compose.run("down", "--volumes", "--timeout=5")


class _Compose:
    """`docker compose` for one project."""

    def __init__(self, settings: Mapping[str, str]) -> None:
        self._environment = {**os.environ, **settings}

    async def run(self, *arguments: str) -> str:
        """Return what a command prints; `RuntimeError` with its complaints when it fails."""
        process = await asyncio.create_subprocess_exec(
            *("docker", "compose", "--progress=quiet", *FILES, *arguments),
            cwd=ROOT,
            env=self._environment,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        output, complaints = await process.communicate()
        if process.returncode:
            raise RuntimeError(f"docker compose {arguments[0]} failed: {complaints.decode()[-4000:]}")
        return output.decode()

    async def pids(self) -> dict[str, int]:
        """Return the first process of each running container, by the name that it has in `./run`."""
        containers = (await self.run("ps", "--quiet")).split()
        told = await _output(
            "docker",
            "inspect",
            "--format",
            '{{index .Config.Labels "com.docker.compose.service"}} {{.State.Pid}}',
            *containers,
        )
        named = (line.split() for line in told.splitlines())
        return {name.replace("mailpit", "mailbox"): int(pid) for name, pid in named if pid != "0"}


@asynccontextmanager
async def _beside(work: Coroutine[Any, Any, None]) -> AsyncIterator[None]:
    task = asyncio.create_task(work)
    try:
        yield
    finally:
        task.cancel()
        await asyncio.wait({task})


async def _keep_pids_true(addresses: dict[str, Any], compose: _Compose) -> None:
    while True:
        await asyncio.sleep(1)
        with contextlib.suppress(RuntimeError):
            await _write(addresses, await compose.pids())


async def _write(addresses: dict[str, Any], pids: Mapping[str, int]) -> None:
    file = Path(addresses["file"])

    def write() -> None:
        draft = file.with_suffix(".new")
        draft.write_text(json.dumps({**addresses, "pids": dict(pids)}, indent=1))
        draft.replace(file)

    await asyncio.to_thread(write)


async def _output(*command: str) -> str:
    process = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE)
    output, _ = await process.communicate()
    return output.decode()


def _free_ports() -> dict[str, str]:
    return {name: str(port) for name, port in zip(PORTS, free_ports(len(PORTS)), strict=True)}
