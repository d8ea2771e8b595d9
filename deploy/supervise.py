"""Supervises programs: starts them, restarts them when they end, and stops them in order."""

import asyncio
import signal
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path

from deploy.failure import StartFailure
from deploy.program import Program, spawn, stop

READY_PAUSE = 0.1
START_SECONDS = 60.0
SHORT_RUN_SECONDS = 10.0
SHORT_RUNS = 5
DELAYS = (0.1, 0.5, 1.0, 2.0, 4.0, 10.0, 30.0, 60.0)
STALE_SECONDS = 120.0
LOG_LINES = 15


@dataclass
class _Kept:
    """A supervised program with its present process; `down` says why it cannot stay up, while it cannot."""

    program: Program
    needs: tuple[str, ...]
    process: asyncio.subprocess.Process | None = None
    ready: asyncio.Event = field(default_factory=asyncio.Event)
    fell: asyncio.Event = field(default_factory=asyncio.Event)
    down: str | None = None
    keeper: "asyncio.Task[None] | None" = None


class Supervisor:
    """Keeps programs running, with their output in `<logs>/<name>.log`.

    A program that cannot stay up is retried for ever with growing delays. `tell(sentence)` is called when a
    program ends, hangs, cannot stay up or is back, `changed()` when a process id changes or a program goes
    down or comes back. A program's failures do not count while another that it `needs` does not answer.
    """

    def __init__(
        self, logs: Path, tell: Callable[[str], None], changed: Callable[[], None] = lambda: None
    ) -> None:
        self._logs = logs
        self._tell = tell
        self._changed = changed
        self._kept: dict[str, _Kept] = {}
        self.failed: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        """Raises `StartFailure` once any program could not stay up, for those who want to end then."""
        self.failed.add_done_callback(lambda failure: failure.cancelled() or failure.exception())

    @property
    def pids(self) -> dict[str, int]:
        """The process id of every program that runs now."""
        return {
            name: kept.process.pid
            for name, kept in self._kept.items()
            if kept.process and kept.process.returncode is None
        }

    @property
    def down(self) -> dict[str, str]:
        """Why each program that cannot stay up cannot."""
        return {name: kept.down for name, kept in self._kept.items() if kept.down}

    async def start(self, program: Program, needs: Iterable[str] = ()) -> None:
        """Start a program and wait until it answers.

        Raises `StartFailure` when it cannot stay up or does not answer within a minute; it is still retried
        until it is stopped.
        """
        kept = self._kept[program.name] = _Kept(program, tuple(needs))
        kept.keeper = asyncio.create_task(self._keep(kept))
        waiting = {asyncio.create_task(kept.ready.wait()), asyncio.create_task(kept.fell.wait())}
        try:
            await asyncio.wait(waiting, timeout=START_SECONDS, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for each in waiting:
                each.cancel()
        if not kept.ready.is_set():
            down = kept.down or self._mark_down(
                kept, f"{program.name} did not answer within {START_SECONDS:.0f} s"
            )
            raise StartFailure(ending_of_log(down, self._log(program.name)))

    async def stop(self, names: Iterable[str]) -> None:
        """Stop programs concurrently; each gets its `stop_seconds`."""
        kept = [self._kept.pop(name) for name in names if name in self._kept]
        for each in kept:
            if each.keeper:
                each.keeper.cancel()
        await asyncio.gather(*(each.keeper for each in kept if each.keeper), return_exceptions=True)
        await asyncio.gather(*(stop(each.process, each.program) for each in kept if each.process))

    def kill(self) -> None:
        """Kill everything that still runs."""
        for kept in self._kept.values():
            if kept.process and kept.process.returncode is None:
                kept.process.kill()

    async def _keep(self, kept: _Kept) -> None:
        name, short_lives = kept.program.name, 0
        while True:
            born = time.monotonic()
            code = await self._run_once(kept)
            if time.monotonic() - born > SHORT_RUN_SECONDS:
                short_lives = 0
            elif code != -signal.SIGKILL and await self._all_answer(kept.needs):
                short_lives += 1
            delay = DELAYS[min(short_lives, len(DELAYS) - 1)]
            if short_lives >= SHORT_RUNS:
                self._mark_down(
                    kept, f"{name} cannot stay up: it ended {short_lives} times in a row ({_ending(code)})"
                )
            if short_lives <= SHORT_RUNS:
                again = (
                    f"starting it again in {delay:g} s"
                    if short_lives < SHORT_RUNS
                    else "it is tried again with growing delays"
                )
                self._tell(
                    f"{kept.down or f'{name} ended ({_ending(code)})'}; {again}. Its output is in "
                    f"{self._log(name)}."
                )
            await asyncio.sleep(delay)

    async def _run_once(self, kept: _Kept) -> int | None:
        """Run the program until it ends; returns its exit code, `None` if it could not be started."""
        if kept.program.alive:
            kept.program.alive.unlink(missing_ok=True)
        try:
            kept.process = process = await spawn(kept.program, self._log(kept.program.name))
        except OSError as error:
            with self._log(kept.program.name).open("a") as log:
                log.write(f"{error}\n")
            return None
        self._changed()
        watcher = asyncio.create_task(self._watch(kept, process))
        try:
            return await process.wait()
        finally:
            watcher.cancel()

    async def _watch(self, kept: _Kept, process: asyncio.subprocess.Process) -> None:
        """Wait until the program answers, then check that it goes on making progress."""
        born = time.monotonic()
        while not await _answers(kept.program):  # noqa: ASYNC110  another process has no event to wait for
            await asyncio.sleep(READY_PAUSE)
        kept.ready.set()
        if kept.down:
            await asyncio.sleep(max(0.0, born + SHORT_RUN_SECONDS - time.monotonic()))
            self._mark_up(kept)
        while kept.program.alive:
            await asyncio.sleep(STALE_SECONDS / 10)
            if time.time() - kept.program.alive.stat().st_mtime > STALE_SECONDS:
                self._tell(
                    f"{kept.program.name} has made no progress for {STALE_SECONDS:.0f} s; starting it again."
                )
                process.kill()

    async def _all_answer(self, names: tuple[str, ...]) -> bool:
        answers = await asyncio.gather(
            *(_answers(self._kept[name].program) for name in names if name in self._kept)
        )
        return all(answers)

    def _mark_down(self, kept: _Kept, why: str) -> str:
        kept.down = why
        kept.fell.set()
        self._changed()
        if not self.failed.done():
            self.failed.set_exception(StartFailure(ending_of_log(why, self._log(kept.program.name))))
        return why

    def _mark_up(self, kept: _Kept) -> None:
        kept.down = None
        self._tell(f"{kept.program.name} is up again.")
        self._changed()

    def _log(self, name: str) -> Path:
        return self._logs / f"{name}.log"


def ending_of_log(sentence: str, log: Path) -> str:
    """Return a sentence with the last lines of a log under it."""
    lines = log.read_text(errors="replace").splitlines()[-LOG_LINES:] if log.exists() else []
    return "\n  ".join([f"{sentence}. The end of {log}:", *lines])


async def _answers(program: Program) -> bool:
    try:
        async with asyncio.timeout(5):
            await program.ready()
    except Exception:  # noqa: BLE001  any error means: not yet
        return False
    return True


def _ending(code: int | None) -> str:
    if code is None:
        return "it could not be started"
    return f"exit code {code}" if code >= 0 else f"killed by {signal.Signals(-code).name}"
