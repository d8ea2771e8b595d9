"""`/healthz` and `/readyz` of every app, and the liveness file of every worker."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from types import MappingProxyType

from fastapi import APIRouter
from fastapi.responses import JSONResponse

from shared.logs import get_log

log = get_log(__name__)

Check = Callable[[], Awaitable[None]]
CHECK_SECONDS = 3


def health_routes(checks: Mapping[str, Check], *, told: Mapping[str, Check] = MappingProxyType({})) -> APIRouter:
    """Give the routes; a check raises when its part is away.

    `/readyz` answers 200 or 503 with `{"kafka": "ok", "database": "away"}`. The parts of `told` are named too, but the service works without them.
    """
    routes = APIRouter(tags=["health"])

    @routes.get("/healthz")
    async def healthz() -> dict[str, str]:
        return {"status": "ok"}

    @routes.get("/readyz", responses={503: {"description": "A part is away"}})
    async def readyz() -> JSONResponse:
        answers = await asyncio.gather(*(_answer(name, check) for name, check in {**checks, **told}.items()))
        return JSONResponse(dict(answers), 200 if all(state == "ok" for name, state in answers if name in checks) else 503)

    return routes


async def _answer(name: str, check: Check) -> tuple[str, str]:
    try:
        async with asyncio.timeout(CHECK_SECONDS):
            await check()
    except Exception as error:  # noqa: BLE001  whatever a driver raises means: away
        log.warning("part_away", part=name, error=type(error).__name__)
        return name, "away"
    return name, "ok"


class Liveness:
    """Touches a file while every named loop makes progress; a loop that hangs leaves the file to grow old.

    `beat(loop)` is called by each loop at least every `patience` seconds; `run()` touches the file once a second while all of them did.
    """

    def __init__(self, file: str | None, loops: tuple[str, ...], *, patience: float = 30.0) -> None:
        self._file = Path(file) if file else None
        self._beats: dict[str, float | None] = dict.fromkeys(loops)
        self._patience = patience

    def beat(self, loop: str) -> None:
        """Say that a loop made progress."""
        self._beats[loop] = time.monotonic()

    def alive(self) -> bool:
        """Say whether every loop has made progress lately; false until each has done so once."""
        now = time.monotonic()
        return all(beat is not None and now - beat < self._patience for beat in self._beats.values())

    async def run(self) -> None:
        """Touch the file once a second while alive."""
        while True:
            if self._file and self.alive():
                self._file.touch()
            await asyncio.sleep(1)
