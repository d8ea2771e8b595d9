"""One program of the stack: what to run, when it is ready, how to stop it; and a child process that never outlives us."""

import asyncio
import ctypes
import os
import signal
import sys
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

PR_SET_PDEATHSIG = 1


@dataclass(frozen=True)
class Program:
    """A command with its environment; `ready()` raises for as long as the program does not answer.

    `alive` is a file that the program touches while it makes progress, if it does so.
    """

    name: str
    command: tuple[str, ...]
    ready: Callable[[], Awaitable[None]]
    environment: Mapping[str, str] = field(default_factory=dict)
    folder: Path = Path()
    stop_signal: signal.Signals = signal.SIGTERM
    stop_seconds: float = 10
    alive: Path | None = None
    ports: tuple[int, ...] = ()


async def spawn(program: Program, log: Path) -> asyncio.subprocess.Process:
    """Start a program in a session of its own, its output appended to `log`.

    Of the surrounding environment it gets only what a process needs to run (`PATH`, `HOME`, locale), so that no setting leaks in.
    """
    with log.open("ab") as output:
        return await asyncio.create_subprocess_exec(
            *program.command,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=output,
            stderr=asyncio.subprocess.STDOUT,
            cwd=program.folder,
            env=inherited_environment(os.environ) | dict(program.environment),
            start_new_session=True,
            preexec_fn=die_with_parent(),
        )


def inherited_environment(surrounding: Mapping[str, str]) -> dict[str, str]:
    """Keep of an environment what any process may need, and nothing that could be a setting of ours."""
    kept = ("PATH", "HOME", "LANG", "LC_ALL", "TZ", "TMPDIR", "SSL_CERT_FILE", "SSL_CERT_DIR")
    return {name: surrounding[name] for name in kept if name in surrounding}


async def stop(process: asyncio.subprocess.Process, program: Program) -> None:
    """Ask a process to end, and kill it when it has not after `stop_seconds`."""
    if process.returncode is not None:
        return
    process.send_signal(program.stop_signal)
    try:
        async with asyncio.timeout(program.stop_seconds):
            await process.wait()
    except TimeoutError:
        process.kill()
        await process.wait()


def die_with_parent() -> Callable[[], None] | None:
    """Give what a child runs between fork and exec, so that the kernel kills it when the launcher is gone, even by SIGKILL."""
    if sys.platform != "linux":
        return None
    libc, parent = ctypes.CDLL(None, use_errno=True), os.getpid()

    def bind() -> None:
        libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
        if os.getppid() != parent:
            os._exit(1)

    return bind
