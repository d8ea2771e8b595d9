"""An address that alarms are sent to, on a port of its own."""

import asyncio
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from fastapi import FastAPI, Request, Response

from tests.infra.serving import free_socket, serving


@dataclass(frozen=True)
class Answer:
    """What the address answers, after so many seconds."""

    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    seconds: float = 0.0


@dataclass
class AlarmReceiver:
    """It answers with the next of `answers`, and 200 after them; what it heard stands in order of arrival."""

    url: str
    answers: list[Answer] = field(default_factory=list)
    heard: list[dict[str, Any]] = field(default_factory=list)
    keys: list[str] = field(default_factory=list)
    paths: list[str] = field(default_factory=list)
    at: list[float] = field(default_factory=list)


@asynccontextmanager
async def running_alarm_receiver() -> AsyncIterator[AlarmReceiver]:
    """Serve for as long as the context lasts."""
    place, address = free_socket()
    pager, app = AlarmReceiver(f"{address}/alarms"), FastAPI()

    @app.post("/alarms")
    @app.post("/alarms/secret")
    async def hear(request: Request) -> Response:
        pager.at.append(time.monotonic())
        pager.keys.append(request.headers.get("idempotency-key", ""))
        pager.paths.append(request.url.path)
        pager.heard.append(await request.json())
        answer = pager.answers.pop(0) if pager.answers else Answer()
        await asyncio.sleep(answer.seconds)
        return Response(status_code=answer.status, headers=dict(answer.headers))

    async with serving(app, place):
        yield pager
