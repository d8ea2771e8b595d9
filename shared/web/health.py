"""`/healthz` and `/readyz` of every app, and the liveness file of every worker."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping
from http import HTTPStatus
from pathlib import Path
from types import MappingProxyType

from fastapi import APIRouter
from fastapi.responses import JSONResponse

from shared.process.logs import get_log

log = get_log(__name__)

Check = Callable[[], Awaitable[None]]
CHECK_SECONDS = 3


def health_routes(
    needed: Mapping[str, Check],
    *,
    informative: Mapping[str, Check] = MappingProxyType({}),
    enough: Callable[[Iterable[bool]], bool] = all,
) -> APIRouter:
    """Return the routes; a check raises when its part is unavailable.

    `/readyz` answers 200 or 503 with `{"kafka": "ok", "database": "away"}`: 503 unless `enough` (`all` or
    `any`) of the `needed` parts work. The `informative` parts are named too but never cause a 503, because
    this process works without them.
    """
    routes = APIRouter(tags=["health"])

    @routes.get("/healthz", summary="The process is up")
    async def healthz() -> dict[str, str]:
        return {"status": "ok"}

    @routes.get(
        "/readyz",
        summary="The process can do its work",
        responses={503: {"description": "A part that it needs is away"}},
    )
    async def readyz() -> JSONResponse:
        checks = {**needed, **informative}
        failures = dict(
            zip(checks, await asyncio.gather(*(failure_of(check) for check in checks.values())), strict=True)
        )
        for name, error in failures.items():
            if error:
                log.warning("part_away", part=name, error=error)
        answer = {name: "away" if error else "ok" for name, error in failures.items()}
        return JSONResponse(
            answer,
            HTTPStatus.OK
            if enough(not failures[name] for name in needed)
            else HTTPStatus.SERVICE_UNAVAILABLE,
        )

    return routes


async def failure_of(check: Check) -> str | None:
    """Return the error type of a part that does not answer in time, else `None`."""
    try:
        async with asyncio.timeout(CHECK_SECONDS):
            await check()
    except Exception as error:  # noqa: BLE001  any error of a driver means: unavailable
        return type(error).__name__
    return None


class Liveness:
    """Touches a file while every named loop makes progress; if a loop hangs, the file grows old.

    Each loop calls `beat(loop)` at least every `patience` seconds; `run()` touches the file once a second
    while all of them do.
    """

    def __init__(self, file: str | None, loops: tuple[str, ...], *, patience: float = 30.0) -> None:
        self._file = Path(file) if file else None
        self._beats: dict[str, float | None] = dict.fromkeys(loops)
        self._patience = patience

    def watch(self, loop: str) -> None:
        """Add a loop that has to make progress from now on."""
        self._beats.setdefault(loop, None)

    def beat(self, loop: str) -> None:
        """Note that a loop made progress."""
        self._beats[loop] = time.monotonic()

    def alive(self) -> bool:
        """True if every loop has made progress lately; false until each has done so once."""
        now = time.monotonic()
        return all(beat is not None and now - beat < self._patience for beat in self._beats.values())

    async def run(self) -> None:
        """Touch the file once a second while alive.

        When a loop stops making progress, what every task waits for is logged.
        """
        was_alive = False
        while True:
            alive = self.alive()
            if alive and self._file:
                self._file.touch()
            if was_alive and not alive:
                log.error("no_progress", loops=self._still(), waiting=_waiting())
            was_alive = alive
            await asyncio.sleep(1)

    def _still(self) -> list[str]:
        now = time.monotonic()
        return [loop for loop, beat in self._beats.items() if beat is None or now - beat >= self._patience]


def _waiting() -> list[str]:
    """Return where each task of this process waits, innermost last."""
    return sorted(" > ".join(_places(task.get_coro())) for task in asyncio.all_tasks())


def _places(awaited: object) -> Iterator[str]:
    """Follow a coroutine to what it awaits: a suspended one has no callers on its stack."""
    while awaited is not None:
        frame = (
            getattr(awaited, "cr_frame", None)
            or getattr(awaited, "gi_frame", None)
            or getattr(awaited, "ag_frame", None)
        )
        yield (
            f"{Path(frame.f_code.co_filename).name}:{frame.f_lineno} {frame.f_code.co_name}"
            if frame
            else type(awaited).__name__
        )
        awaited = getattr(awaited, "cr_await", None) or getattr(awaited, "gi_yieldfrom", None)
