"""A program that dies is back; one that cannot stay up ends the run; nothing outlives the launcher."""

import asyncio
import os
import signal
import subprocess
import sys
import textwrap
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from deploy import supervise
from deploy.failure import StartFailure
from deploy.program import Program
from deploy.supervise import Supervisor
from tests.eventually import eventually, eventually_sync


class Told(list[str]):
    """What the supervisor said."""


@pytest.fixture
def told() -> Told:
    return Told()


@pytest.fixture
async def supervisor(tmp_path: Path, told: Told) -> AsyncIterator[Supervisor]:
    keeper = Supervisor(tmp_path, told.append)
    yield keeper
    await keeper.stop(list(keeper.pids))


def program(folder: Path, code: str, name: str = "one", **more: float) -> Program:
    """Return a program that is ready once it has written its file."""
    sign = folder / f"{name}.ready"

    async def ready() -> None:
        if not sign.exists():
            raise FileNotFoundError

    body = "import os, pathlib, signal, sys, time\n" + textwrap.dedent(code)
    return Program(name, (sys.executable, "-c", body), ready, {"SIGN": str(sign)}, folder, **more)  # type: ignore[arg-type]


STAYS = "pathlib.Path(os.environ['SIGN']).touch(); time.sleep(600)"


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


async def test_a_killed_program_is_started_again_and_that_is_said(
    supervisor: Supervisor, told: Told, tmp_path: Path
) -> None:
    await supervisor.start(program(tmp_path, STAYS))
    first = supervisor.pids["one"]
    os.kill(first, signal.SIGKILL)

    async def back() -> bool:
        return supervisor.pids.get("one", first) != first

    await eventually(back)
    assert told == [
        f"one ended (killed by SIGKILL); starting it again in 0.1 s. Its output is in {tmp_path}/one.log."
    ]


async def test_a_program_that_cannot_stay_up_fails_the_run_with_its_last_words(
    supervisor: Supervisor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(supervise, "DELAYS", (0.01,))
    with pytest.raises(
        StartFailure, match=r"one cannot stay up: it ended 5 times in a row \(exit code 3\)(.|\n)*the cause"
    ):
        await supervisor.start(program(tmp_path, "print('the cause'); sys.exit(3)"))
    with pytest.raises(StartFailure, match="the cause"):
        await supervisor.failed


async def test_what_cannot_stay_up_takes_nothing_with_it_is_reported_and_is_back_once_it_can(
    supervisor: Supervisor, told: Told, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(supervise, "DELAYS", (0.01,))
    monkeypatch.setattr(supervise, "SHORT_RUN_SECONDS", 0.5)
    await supervisor.start(program(tmp_path, STAYS, "server"))
    server = supervisor.pids["server"]
    cured = tmp_path / "cured"
    broken = program(tmp_path, f"os.path.exists({str(cured)!r}) or sys.exit(3)\n" + STAYS, "app")
    with pytest.raises(StartFailure):
        await supervisor.start(broken, needs=["server"])
    assert supervisor.down == {"app": "app cannot stay up: it ended 5 times in a row (exit code 3)"}
    assert told[-1] == (
        f"app cannot stay up: it ended 5 times in a row (exit code 3); it is tried again with growing "
        f"delays. Its output is in {tmp_path}/app.log."
    )
    cured.touch()

    async def back() -> bool:
        return not supervisor.down

    await eventually(back)
    assert told[-1] == "app is up again."
    assert supervisor.pids.keys() == {"server", "app"}
    assert supervisor.pids["server"] == server


async def test_a_program_that_was_up_and_then_cannot_stay_up_is_reported_and_tried_on(
    supervisor: Supervisor, told: Told, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(supervise, "DELAYS", (0.01,))
    counter = tmp_path / "lives"
    await supervisor.start(
        program(
            tmp_path,
            f"open({str(counter)!r}, 'a').write('x'); pathlib.Path(os.environ['SIGN']).touch(); "
            f"time.sleep(0.3); sys.exit(1)",
        )
    )

    async def tried_on() -> bool:
        return "one" in supervisor.down and len(counter.read_text()) > supervise.SHORT_RUNS + 2

    await eventually(tried_on, 30)
    assert len(told) == supervise.SHORT_RUNS, "it is not repeated at every death"


async def test_a_program_that_cannot_be_started_at_all_is_down_as_well(
    supervisor: Supervisor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(supervise, "DELAYS", (0.01,))
    missing = Program("one", ("/nowhere/program",), program(tmp_path, "").ready, folder=tmp_path)
    with pytest.raises(StartFailure, match=r"it could not be started(.|\n)*/nowhere/program"):
        await supervisor.start(missing)


async def test_a_program_killed_from_outside_again_and_again_is_not_given_up(
    supervisor: Supervisor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(supervise, "DELAYS", (0.01,))
    await supervisor.start(program(tmp_path, STAYS))
    for _ in range(supervise.SHORT_RUNS + 2):
        pid = supervisor.pids["one"]
        os.kill(pid, signal.SIGKILL)

        async def back(dead: int = pid) -> bool:
            return supervisor.pids.get("one", dead) != dead

        await eventually(back)
    assert not supervisor.failed.done()


async def test_a_program_is_not_given_up_while_a_server_that_it_needs_is_away(
    supervisor: Supervisor, told: Told, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(supervise, "DELAYS", (0.01,))
    await supervisor.start(program(tmp_path, STAYS, "server"))
    await supervisor.start(
        program(tmp_path, "pathlib.Path(os.environ['SIGN']).touch(); time.sleep(0.2); sys.exit(1)", "client"),
        needs=["server"],
    )
    (tmp_path / "server.ready").unlink()
    before = len(told)

    async def many_deaths() -> bool:
        return len(told) > before + supervise.SHORT_RUNS + 2

    await eventually(many_deaths, 30)
    assert not supervisor.failed.done()


async def test_a_program_that_makes_no_progress_is_started_again(
    supervisor: Supervisor, told: Told, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(supervise, "STALE_SECONDS", 0.5)
    hangs = program(tmp_path, "pathlib.Path(os.environ['SIGN']).touch(); time.sleep(600)")
    await supervisor.start(
        Program(
            hangs.name, hangs.command, hangs.ready, hangs.environment, tmp_path, alive=tmp_path / "one.ready"
        )
    )
    first = supervisor.pids["one"]

    async def replaced() -> bool:
        return supervisor.pids.get("one", first) != first

    await eventually(replaced)
    assert told[0] == "one has made no progress for 0 s; starting it again."


async def test_a_program_that_does_not_heed_its_signal_is_killed_after_its_time(
    supervisor: Supervisor, tmp_path: Path
) -> None:
    deaf = (
        "signal.signal(signal.SIGTERM, signal.SIG_IGN); pathlib.Path(os.environ['SIGN']).touch(); "
        "time.sleep(600)"
    )
    await supervisor.start(program(tmp_path, deaf, stop_seconds=0.2))
    pid = supervisor.pids["one"]
    await supervisor.stop(["one"])
    assert not alive(pid)


async def test_no_setting_of_the_surroundings_reaches_a_program(
    supervisor: Supervisor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("INTAKE_DATABASE_URL", "postgresql://elsewhere")
    await supervisor.start(program(tmp_path, "print(sorted(os.environ), flush=True)\n" + STAYS))
    assert "INTAKE_DATABASE_URL" not in (tmp_path / "one.log").read_text()


def test_programs_die_with_a_launcher_that_is_killed(tmp_path: Path) -> None:
    launcher = """
        import asyncio, pathlib, sys
        from deploy.program import Program, spawn

        async def ready(): ...

        async def main():
            command = (sys.executable, "-c", "import time; time.sleep(600)")
            sleeper = Program("sleeper", command, ready, folder=pathlib.Path(sys.argv[1]))
            process = await spawn(sleeper, pathlib.Path(sys.argv[1]) / "log")
            print(process.pid, flush=True)
            await process.wait()

        asyncio.run(main())
    """
    with subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(launcher), str(tmp_path)], stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        pid = int(process.stdout.readline())
        assert alive(pid)
        process.kill()
    eventually_sync(lambda: not alive(pid))


async def test_one_failure_ends_what_was_started_beside_it() -> None:
    from deploy.stack import run_concurrently  # noqa: PLC0415  imports the whole launcher

    ended = asyncio.Event()

    async def endless() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()

    async def fails() -> None:
        raise StartFailure("no")

    with pytest.raises(StartFailure):
        await run_concurrently(endless(), fails())
    assert ended.is_set()
