"""Keeps programs running: starts them, starts them again when they die, and stops them in order."""

import asyncio
import signal
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from deploy.failure import StartFailure
from deploy.program import Program, spawn, stop

READY_PAUSE = 0.1
START_SECONDS = 60.0
SHORT_LIFE = 10.0
SHORT_LIVES = 5
DELAYS = (0.1, 0.5, 1.0, 2.0, 4.0)
STALE_SECONDS = 120.0
LOG_LINES = 15


@dataclass
class _Kept:
    program: Program
    process: asyncio.subprocess.Process | None = None
    ready: asyncio.Event = field(default_factory=asyncio.Event)
    keeper: "asyncio.Task[None] | None" = None


class Supervisor:
    """Keeps programs running, their output in `<logs>/<name>.log`.

    `tell(sentence)` is called when a program dies or hangs, `changed()` whenever a process id is new. A program that needs others
    (`start(program, needs=…)`) is not given up on while one of them does not answer.
    """

    def __init__(self, logs: Path, tell: Callable[[str], None], changed: Callable[[], None] = lambda: None) -> None:
        self._logs = logs
        self._tell = tell
        self._changed = changed
        self._kept: dict[str, _Kept] = {}
        self.failed: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.failed.add_done_callback(lambda failure: failure.cancelled() or failure.exception())

    @property
    def pids(self) -> dict[str, int]:
        """The process id of every program that runs at this moment."""
        return {name: kept.process.pid for name, kept in self._kept.items() if kept.process and kept.process.returncode is None}

    def waiting_for(self) -> list[str]:
        """Name the programs that have not answered yet."""
        return [name for name, kept in self._kept.items() if not kept.ready.is_set()]

    async def start(self, program: Program, needs: Iterable[str] = ()) -> None:
        """Start a program and wait until it answers.

        Raises `StartFailure` when it cannot stay up or does not answer within a minute.
        """
        kept = self._kept[program.name] = _Kept(program)
        kept.keeper = asyncio.create_task(self._keep(kept, tuple(needs)))
        waiting: asyncio.Future[Any] = asyncio.create_task(kept.ready.wait())
        try:
            await asyncio.wait({waiting, self.failed}, timeout=START_SECONDS, return_when=asyncio.FIRST_COMPLETED)
        finally:
            waiting.cancel()
        if self.failed.done():
            await self.failed
        if not kept.ready.is_set():
            raise StartFailure(self._with_log(program.name, f"{program.name} did not answer within {START_SECONDS:.0f} s"))

    async def stop(self, names: Iterable[str]) -> None:
        """Stop programs, all of them at once; each gets its `stop_seconds`."""
        kept = [self._kept.pop(name) for name in names if name in self._kept]
        for each in kept:
            if each.keeper:
                each.keeper.cancel()
        await asyncio.gather(*(each.keeper for each in kept if each.keeper), return_exceptions=True)
        await asyncio.gather(*(stop(each.process, each.program) for each in kept if each.process))

    def kill(self) -> None:
        """Kill everything that still runs, for somebody in a hurry."""
        for kept in self._kept.values():
            if kept.process and kept.process.returncode is None:
                kept.process.kill()

    async def _keep(self, kept: _Kept, needs: tuple[str, ...]) -> None:
        name, short_lives = kept.program.name, 0
        while True:
            born = time.monotonic()
            code = await self._live_once(kept)
            if time.monotonic() - born > SHORT_LIFE:
                short_lives = 0
            elif code != -signal.SIGKILL and await self._all_answer(needs):
                short_lives += 1
            if short_lives >= SHORT_LIVES:
                self._give_up(StartFailure(self._with_log(name, f"{name} cannot stay up: it ended {short_lives} times in a row ({_ending(code)})")))
                return
            delay = DELAYS[min(short_lives, len(DELAYS) - 1)]
            self._tell(f"{name} ended ({_ending(code)}); starting it again in {delay:g} s. Its output is in {self._log(name)}.")
            await asyncio.sleep(delay)

    async def _live_once(self, kept: _Kept) -> int:
        if kept.program.alive:
            kept.program.alive.unlink(missing_ok=True)
        try:
            kept.process = await spawn(kept.program, self._log(kept.program.name))
        except OSError as error:
            self._give_up(StartFailure(f"{kept.program.name} cannot be started: {error}"))
            await asyncio.Event().wait()
        assert kept.process is not None  # noqa: S101  spawned above
        self._changed()
        watcher = asyncio.create_task(self._watch(kept, kept.process))
        try:
            return await kept.process.wait()
        finally:
            watcher.cancel()

    async def _watch(self, kept: _Kept, process: asyncio.subprocess.Process) -> None:
        """Wait until the program answers, then see that it goes on making progress."""
        while not await _answers(kept.program):  # noqa: ASYNC110  another process has no event to wait for
            await asyncio.sleep(READY_PAUSE)
        kept.ready.set()
        while kept.program.alive:
            await asyncio.sleep(STALE_SECONDS / 10)
            if time.time() - kept.program.alive.stat().st_mtime > STALE_SECONDS:
                self._tell(f"{kept.program.name} has made no progress for {STALE_SECONDS:.0f} s; starting it again.")
                process.kill()

    async def _all_answer(self, names: tuple[str, ...]) -> bool:
        answers = await asyncio.gather(*(_answers(self._kept[name].program) for name in names if name in self._kept))
        return all(answers)

    def _give_up(self, failure: StartFailure) -> None:
        if not self.failed.done():
            self.failed.set_exception(failure)

    def _log(self, name: str) -> Path:
        return self._logs / f"{name}.log"

    def _with_log(self, name: str, sentence: str) -> str:
        return ending_of_log(sentence, self._log(name))


def ending_of_log(sentence: str, log: Path) -> str:
    """Give a sentence with the last lines of a log under it."""
    lines = log.read_text(errors="replace").splitlines()[-LOG_LINES:] if log.exists() else []
    return "\n  ".join([f"{sentence}. The end of {log}:", *lines])


async def _answers(program: Program) -> bool:
    try:
        async with asyncio.timeout(5):
            await program.ready()
    except Exception:  # noqa: BLE001  whatever it raises means: not yet
        return False
    return True


def _ending(code: int) -> str:
    return f"exit code {code}" if code >= 0 else f"killed by {signal.Signals(-code).name}"
