"""A whole run, from start to end.

What dies is back, what is stopped is gone, and a killed run is no hindrance to the next.
"""

import json
import os
import re
import signal
import sys
from dataclasses import replace
from io import StringIO
from pathlib import Path

import httpx

from deploy.data_folder import data_folder
from deploy.ports import free_base
from deploy.program import Program
from deploy.progress import Progress
from deploy.run import welcome
from deploy.servers import ExistingServers
from deploy.stack import Stack
from tests.eventually import eventually
from tests.infra.stack import RunningStack, launch, running_stack
from tests.service.deploy.test_supervise import alive

PROCESSES = {
    "intake",
    "identity",
    "tracker",
    "tracker-worker",
    "notifier",
    "notifier-worker",
    "notifier-bounces",
    "mailbox",
    "kafka",
    "postgres",
}


async def ready(stack: RunningStack) -> None:
    """Wait until a launched stack has published where it is."""

    async def published() -> bool:
        assert stack.process.returncode is None, stack.output
        return (stack.data / "addresses.json").exists()

    await eventually(published, 120)


async def test_what_is_killed_is_back_and_what_is_stopped_is_gone(tmp_path: Path) -> None:
    async with running_stack(tmp_path) as stack:
        first = stack.addresses
        assert first["pids"].keys() == PROCESSES
        await _is_told_that_the_folder_is_taken(stack)
        for name in ("intake", "kafka", "postgres"):
            os.kill(first["pids"][name], signal.SIGKILL)

        async def all_well_again() -> None:
            now = stack.addresses["pids"]
            assert all(
                now.get(name, first["pids"][name]) != first["pids"][name]
                for name in ("intake", "kafka", "postgres")
            )
            async with httpx.AsyncClient(timeout=5) as client:
                for name in ("intake", "tracker", "notifier", "identity"):
                    (await client.get(f"{first[name]}/readyz")).raise_for_status()

        await eventually(all_well_again, 60)
        last = stack.addresses["pids"]
        assert await stack.stop(signal.SIGINT) == 0
    assert [name for name, pid in last.items() if alive(pid)] == []
    assert not (stack.data / "addresses.json").exists()
    assert "intake ended (killed by SIGKILL); starting it again" in stack.output
    assert stack.output.endswith("Stopped.\n")


async def _is_told_that_the_folder_is_taken(stack: RunningStack) -> None:
    aside = stack.data.parent / "aside"
    aside.mkdir()
    (aside / "data").symlink_to(stack.data)
    second = await launch(aside)
    assert await second.process.wait() == 1
    assert (
        second.output == f"Another ./run (process {stack.process.pid}) uses {stack.data}; stop it, "
        "or start with --data and --port-base of your own.\n"
    )


async def test_a_killed_run_leaves_nothing_behind_and_the_next_one_starts_on_its_data(tmp_path: Path) -> None:
    base = str(free_base(25000))
    killed = await launch(tmp_path, "--port-base", base)
    await ready(killed)
    pids, secrets = killed.addresses["pids"], (killed.data / "secrets.json").read_text()
    await killed.stop(signal.SIGKILL)

    async def all_gone() -> bool:
        return not any(alive(pid) for pid in pids.values())

    await eventually(all_gone)
    (killed.data / "addresses.json").unlink()
    following = await launch(tmp_path, "--port-base", base)
    await ready(following)
    assert (following.data / "secrets.json").read_text() == secrets
    assert await following.stop(signal.SIGTERM) == 0


async def test_an_app_that_cannot_stay_up_leaves_the_rest_serving_and_is_back_at_the_next_start(
    tmp_path: Path,
) -> None:
    output = StringIO()
    broken = {"tracker-worker"}

    def change(program: Program) -> Program:
        return (
            replace(program, command=(sys.executable, "-c", "raise SystemExit('a poisoned record')"))
            if program.name in broken
            else program
        )

    with data_folder(tmp_path / "data", tmp_path / "existing", fresh=False) as data:
        stack = Stack(data, free_base(26000), Progress(output), ExistingServers(), change=change)
        async with stack.running():
            facts = json.loads((data / "addresses.json").read_text())
            assert facts["pids"].keys() >= PROCESSES - broken
            assert (
                facts["down"].keys() == broken
            )  # it is tried on while the rest starts, so the number of its lives grows
            assert re.fullmatch(
                r"tracker-worker cannot stay up: it ended \d+ times in a row \(exit code 1\)",
                facts["down"]["tracker-worker"],
            )
            assert "DOWN: tracker-worker cannot stay up" in welcome(stack, 1.0)
            assert "a poisoned record" in output.getvalue()
            async with httpx.AsyncClient(timeout=5) as client:
                for name in ("intake", "identity", "tracker", "notifier"):
                    (await client.get(f"{facts[name]}/readyz")).raise_for_status()
        broken.clear()
        stack = Stack(data, free_base(26000), Progress(output), ExistingServers(), change=change)
        async with stack.running():
            facts = json.loads((data / "addresses.json").read_text())
            assert (facts["pids"].keys(), facts["down"]) == (PROCESSES, {})
