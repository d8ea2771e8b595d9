"""Describes a program of the stack, and starts and stops it as a child process."""

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

    It gets only what a process needs of the surrounding environment (`PATH`, `HOME`, locale), so that no
    setting leaks in.
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
    """Return the variables that any process may need; none can be a setting of the product."""
    kept = ("PATH", "HOME", "LANG", "LC_ALL", "TZ", "TMPDIR", "SSL_CERT_FILE", "SSL_CERT_DIR")
    return {name: surrounding[name] for name in kept if name in surrounding}


async def stop(process: asyncio.subprocess.Process, program: Program) -> None:
    """Ask a process to end, and kill it after `stop_seconds`."""
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
    """Return a function for a child to run before exec, so that the kernel kills it with the launcher.

    This works even when the launcher is killed by SIGKILL.
    """
    if sys.platform != "linux":
        return None
    libc, parent = ctypes.CDLL(None, use_errno=True), os.getpid()

    def bind() -> None:
        libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
        if os.getppid() != parent:
            os._exit(1)

    return bind
