"""The product's processes as programs to run: the table of docs/operating.md."""

import asyncio
import os
import sys
import time
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from deploy.environment import Environment, Place, prepare_settings
from deploy.ports import HOST
from deploy.program import Program
from shared.events.command_topics import VARIABLE

ROOT = Path(__file__).resolve().parents[1]
APPS = ("identity", "intake", "tracker", "notifier")
WORKERS = ("tracker-worker", "notifier-worker")
BOUNCES = "notifier-bounces"
FRESH_SECONDS = 30
# Longer than clients and proxies keep an idle connection, so that no request arrives while the server closes
# it.
KEEP_ALIVE = ("--timeout-keep-alive", "75")
LIMITS_TIMES = "LIMITS_TIMES"
TOPIC_SETTINGS = ("KAFKA_TOPIC_PARTITIONS", "KAFKA_REPLICATION_FACTOR", "KAFKA_MIN_INSYNC_REPLICAS")


def processes(place: Place, environments: Mapping[str, Environment]) -> list[Program]:
    """Return the apps and workers of the four services."""
    given = {
        name: {
            **environments[name],
            **_passed_on(LIMITS_TIMES),
            **(_passed_on(VARIABLE) if name.startswith("tracker") else {}),
        }
        for name in (*APPS, *WORKERS, BOUNCES)
    }
    apps = [_app(name, place, given[name]) for name in APPS]
    workers = [
        _worker(name, f"services.{name.removesuffix('-worker')}.worker", place, given[name])
        for name in WORKERS
    ]
    bounces = replace(
        _worker(BOUNCES, "services.notifier.mail.bounces", place, given[BOUNCES]),
        ports=(place.ports.bounces,),
    )
    return [*apps, *workers, bounces]


def mailbox(place: Place, environment: Environment) -> Program:
    """Return the mailbox: SMTP in, a page out."""
    port = place.ports.mailbox

    async def ready() -> None:
        await answers_ok(port, "/readyz")

    return Program(
        "mailbox",
        (sys.executable, "-m", "deploy.mailbox"),
        ready,
        environment,
        ROOT,
        ports=(port, place.ports.smtp),
    )


def prepare_program(place: Place, environments: Mapping[str, Environment]) -> Program:
    """Return the command that creates topics and migrates the databases; it ends when that is done."""
    environment = {name: value for service in APPS for name, value in environments[service].items()}
    environment = {
        name: value for name, value in environment.items() if not name.startswith("KAFKA_")
    } | prepare_settings(place.kafka)
    environment |= _passed_on(*TOPIC_SETTINGS, VARIABLE)
    return Program("prepare", (sys.executable, "-m", "deploy.prepare"), _never, environment, ROOT)


def _passed_on(*names: str) -> dict[str, str]:
    """Return settings of the surrounding environment that apply to our own stack too."""
    return {name: os.environ[name] for name in names if name in os.environ}


def _app(name: str, place: Place, environment: Environment) -> Program:
    port = int(getattr(place.ports, name))
    command = (
        sys.executable,
        "-m",
        "uvicorn",
        "--factory",
        f"services.{name}.app:create_app",
        "--host",
        HOST,
        "--port",
        str(port),
    )
    logs = ("--no-access-log", "--log-config", str(ROOT / "deploy" / "uvicorn-logs.json"))
    options = (
        "--http",
        "shared.web.bounded_http:BoundedHttp",
        *logs,
        *KEEP_ALIVE,
        "--timeout-graceful-shutdown",
        "3",
    )
    # Only the connection says who calls, unless uvicorn's own variable names trusted proxies.
    proxies = () if os.environ.get("FORWARDED_ALLOW_IPS") else ("--no-proxy-headers",)

    async def ready() -> None:
        await answers_ok(port, "/readyz")

    return Program(name, (*command, *options, *proxies), ready, environment, ROOT, ports=(port,))


def _worker(name: str, module: str, place: Place, environment: Environment) -> Program:
    alive = place.alive(name)

    async def ready() -> None:
        if time.time() - alive.stat().st_mtime > FRESH_SECONDS:
            raise TimeoutError

    return Program(name, (sys.executable, "-m", module), ready, environment, ROOT, alive=alive)


async def _never() -> None:
    raise NotImplementedError


async def answers_ok(port: int, path: str) -> None:
    """Request a path over HTTP; raises unless the response is 200."""
    reader, writer = await asyncio.open_connection(HOST, port)
    try:
        writer.write(f"GET {path} HTTP/1.1\r\nHost: {HOST}:{port}\r\nConnection: close\r\n\r\n".encode())
        status = await reader.readline()
    finally:
        writer.close()
    if b" 200 " not in status:
        raise ConnectionError(status.decode(errors="replace"))
