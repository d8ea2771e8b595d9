"""Injects the planned faults into a running stack and logs what really happened, to the millisecond."""

import asyncio
import contextlib
import json
import signal
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TextIO

from deploy.program import spawn
from proof.chaos.clients.parallel_logins import log_in_at_once
from proof.chaos.journal import Journal
from proof.chaos.stack_under_test import StackUnderTest
from proof.chaos.storm.plan import Fault
from proof.chaos.storm.processes import limit_files, signal_family, signal_one
from proof.chaos.storm.wait_for_receipt import wait_for_receipt

FULL_DISK = Path("/dev/full")
START_SECONDS, CRASH_SECONDS = 8.0, 12.0
TICK = 0.01


class Storm:
    """Injects faults into one stack.

    Each fault that happened is a line of `log`: kind, target, `started_at`, `ended_at` (seconds since 1970),
    `hit`. `journal` is for clients that are part of a fault. With `alone`, the next fault waits until mails
    flow again after the last one.
    """

    def __init__(self, under: StackUnderTest, log: TextIO, journal: Journal, *, alone: bool = False) -> None:
        self._under = under
        self._log = log
        self._journal = journal
        self._alone = alone

    async def run(self, plan: Sequence[Fault], started: float) -> None:
        """Inject a plan whose times count from `started` (monotonic seconds); all faults are over on return.

        Also when cancelled.
        """
        try:
            for fault in plan:
                await asyncio.sleep(max(0.0, started + fault.at - time.monotonic()))
                await self.inject(fault)
                if self._alone:
                    await wait_for_receipt(self._under.databases["notifier"], time.time())
        finally:
            self.end_faults()

    async def inject(self, fault: Fault) -> None:
        """Inject one fault, from its beginning to its end."""
        kind, _, how = fault.kind.partition("-")
        injectors: dict[str, Callable[[Fault, str], Awaitable[bool]]] = {
            "kill": self._kill,
            "term": self._term,
            "freeze": self._freeze,
            "away": self._away,
            "link": self._link,
            "mail": self._mail,
            "disk": self._disk,
            "crash": self._crash,
            "twice": self._twice,
            "lost": self._lost,
            "logins": self._logins,
            "failover": self._fail_over,
        }
        started_at = time.time()
        hit = await injectors[kind](fault, how)
        self._note(fault, started_at, time.time(), hit=hit)

    def end_faults(self) -> None:
        """End all faults in progress."""
        for link in self._under.links.values():
            link.set("pass")
        self._under.set_mail_mode("ok")
        for armed in self._under.crash_folder.iterdir():
            armed.unlink(missing_ok=True)
        for pid in self._under.stack.supervisor.pids.values():
            signal_family(pid, signal.SIGCONT)
            limit_files(pid, "unlimited")

    def _note(self, fault: Fault, started_at: float, ended_at: float, *, hit: bool) -> None:
        facts = {
            "kind": fault.kind,
            "target": fault.target,
            "started_at": started_at,
            "ended_at": ended_at,
            "hit": hit,
        }
        self._log.write(json.dumps(facts) + "\n")
        self._log.flush()

    async def _kill(self, fault: Fault, _how: str) -> bool:
        pid = await self._living(fault.target)
        if pid is None:
            return False
        signal_family(pid, signal.SIGKILL)
        return await self._restarted(fault.target, pid, fault.seconds)

    async def _term(self, fault: Fault, _how: str) -> bool:
        pid = await self._living(fault.target)
        if pid is None:
            return False
        signal_one(pid, self._under.program(fault.target).stop_signal)
        return await self._restarted(fault.target, pid, fault.seconds)

    async def _freeze(self, fault: Fault, _how: str) -> bool:
        pid = await self._living(fault.target)
        if pid is None:
            return False
        signal_family(pid, signal.SIGSTOP)
        try:
            await asyncio.sleep(fault.seconds)
        finally:
            signal_family(pid, signal.SIGCONT)
        return True

    async def _away(self, fault: Fault, _how: str) -> bool:
        names = fault.target.split("+")
        for name in names:
            self._under.links[name].set("cut")
        try:
            await asyncio.sleep(fault.seconds)
        finally:
            for name in names:
                self._under.links[name].set("pass")
        return True

    async def _link(self, fault: Fault, how: str) -> bool:
        link = self._under.links[fault.target]
        link.set(how)
        try:
            await asyncio.sleep(fault.seconds)
        finally:
            link.set("pass")
        return True

    async def _mail(self, fault: Fault, how: str) -> bool:
        self._under.set_mail_mode(how)
        try:
            await asyncio.sleep(fault.seconds)
        finally:
            self._under.set_mail_mode("ok")
        return True

    async def _disk(self, fault: Fault, _how: str) -> bool:
        """Simulate a full disk of a server for a while.

        If it ends meanwhile it restarts on a disk with room.
        """
        pid = await self._living(fault.target)
        if pid is None:
            return False
        if not await asyncio.to_thread(limit_files, pid, "0"):
            return False
        try:
            await asyncio.sleep(fault.seconds)
        finally:
            limit_files(pid, "unlimited")
        return await self._living(fault.target) is not None

    async def _crash(self, fault: Fault, _how: str) -> bool:
        """Arm a crash point and wait until a process reached it.

        The spool's are reached only after an outage of Kafka.
        """
        armed = self._under.crash_folder / fault.target
        if fault.target.startswith("intake.spool."):
            await self._away(replace(fault, target="kafka", seconds=fault.seconds), "")
        armed.touch()
        deadline = time.monotonic() + CRASH_SECONDS
        try:
            while armed.exists():
                if time.monotonic() > deadline:
                    return False
                await asyncio.sleep(TICK)
        finally:
            armed.unlink(missing_ok=True)
        return True

    async def _twice(self, fault: Fault, how: str) -> bool:
        """Run a second copy of a worker for a while, so that partitions and lanes move during batches.

        Variants: its log is on a full disk, or the first worker is frozen meanwhile.
        """
        program = self._under.program(fault.target)
        environment = {
            **program.environment,
            "LIVENESS_FILE": str(self._under.folder / "alive" / f"{fault.target}-2"),
        }
        log = FULL_DISK if how == "disk-full" else self._under.folder / "logs" / f"{fault.target}-2.log"
        process = await spawn(replace(program, environment=environment), log)
        try:
            await (self._freeze(fault, how) if how == "frozen" else asyncio.sleep(fault.seconds))
        finally:
            with contextlib.suppress(ProcessLookupError):
                process.kill() if how == "killed" else process.terminate()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(START_SECONDS):
                    await process.wait()
            with contextlib.suppress(ProcessLookupError):
                process.kill()
        return True

    async def _lost(self, fault: Fault, _how: str) -> bool:
        """Kill a process while Kafka is frozen, so that its buffered records are lost."""
        kafka, pid = await self._living("kafka"), await self._living(fault.target)
        if kafka is None or pid is None:
            return False
        signal_family(kafka, signal.SIGSTOP)
        try:
            await asyncio.sleep(fault.seconds)
            signal_family(pid, signal.SIGKILL)
        finally:
            signal_family(kafka, signal.SIGCONT)
        return True

    async def _fail_over(self, fault: Fault, how: str) -> bool:
        """Promote PostgreSQL's standby; connections hang, or find their server read-only."""
        servers, supervisor = self._under.servers, self._under.stack.supervisor
        await servers.promote(how)
        await asyncio.sleep(fault.seconds)
        await servers.make_standby_anew(supervisor)
        return True

    async def _logins(self, fault: Fault, _how: str) -> bool:
        """Send many staff logins at once, in waves; the auditor checks the answers."""
        deadline, wave = time.monotonic() + fault.seconds, 0
        while time.monotonic() < deadline:
            await log_in_at_once(self._under.url("tracker"), self._journal, wave)
            wave += 1
        return wave > 0

    async def _living(self, name: str) -> int | None:
        deadline = time.monotonic() + START_SECONDS
        while (pid := self._under.pid(name)) is None and time.monotonic() < deadline:  # noqa: ASYNC110  another process has no event to wait for
            await asyncio.sleep(TICK)
        return pid

    async def _restarted(self, name: str, old: int, seconds: float) -> bool:
        """Wait until a new process is there and the fault's time is over."""
        deadline = time.monotonic() + seconds
        while self._under.pid(name) in {None, old} and time.monotonic() < deadline + START_SECONDS:  # noqa: ASYNC110  as above
            await asyncio.sleep(TICK)
        await asyncio.sleep(max(0.0, deadline - time.monotonic()))
        return True
