"""Starts and stops the product's workers while its stack runs, so that each service can be measured alone."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from deploy.program import Program
from proof.bench.stack import BenchStack

WORKERS = ("tracker-worker", "notifier-worker")


async def start_worker(under: BenchStack, name: str) -> None:
    """Start one as the stack would, and wait until it works."""
    await under.stack.supervisor.start(_program(under, name))


async def stop_worker(under: BenchStack, name: str) -> None:
    """Let one end what it has under way, and stop it."""
    await under.stack.supervisor.stop([name])


@asynccontextmanager
async def without_workers(under: BenchStack) -> AsyncIterator[None]:
    """Keep both stopped for as long as the context lasts, but for what is started inside."""
    for name in WORKERS:
        await stop_worker(under, name)
    try:
        yield
    finally:
        for name in WORKERS:
            if name not in under.pids:
                await start_worker(under, name)


def _program(under: BenchStack, name: str) -> Program:
    # The stack starts each of them once; here one is started again, as it was.
    return next(program for program in under.stack._services if program.name == name)  # noqa: SLF001
