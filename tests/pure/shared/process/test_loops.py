"""A loop that has no end never ends unseen, however it ends."""

import asyncio
import os
import signal

import pytest

from shared.process.loops import LoopEnded, endless, run_together, running_beside
from tests.eventually import eventually


async def returning() -> None:
    await asyncio.sleep(0)


async def failing() -> None:
    raise LookupError


async def cancelled_by_a_library() -> None:
    await asyncio.sleep(0)
    raise asyncio.CancelledError


async def waiting() -> None:
    await asyncio.Event().wait()


@pytest.mark.parametrize("ending", [returning, failing, cancelled_by_a_library])
async def test_a_loop_that_ends_ends_the_others_and_is_an_error(ending: object) -> None:
    async with asyncio.timeout(5):
        with pytest.raises(ExceptionGroup) as caught:
            await run_together(waiting(), ending())  # type: ignore[operator]  # one of the three above
    assert [type(error) for error in caught.value.exceptions] == [
        LookupError if ending is failing else LoopEnded
    ]


@pytest.mark.parametrize("ending", [returning, failing, cancelled_by_a_library])
async def test_a_loop_that_ends_beside_an_app_ends_the_process(ending: object) -> None:
    told: list[int] = []
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, lambda: told.append(os.getpid()))
    try:
        async with running_beside(waiting(), ending()):  # type: ignore[operator]  # as above

            async def asked_to_end() -> bool:
                return told == [os.getpid()]

            await eventually(asked_to_end)
    finally:
        asyncio.get_running_loop().remove_signal_handler(signal.SIGTERM)


async def test_what_is_cancelled_ends_without_an_error() -> None:
    async with running_beside(waiting()):
        pass
    for loops in (run_together(waiting(), waiting()), endless(waiting())):
        task = asyncio.create_task(loops)
        await asyncio.sleep(0.01)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
