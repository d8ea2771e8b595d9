"""A stack of a run's own, with fault proxies between its services and their servers, and a mail server that misbehaves when told."""

import asyncio
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from deploy.addresses import describe
from deploy.jars import class_path
from deploy.kafka import kafka_program
from deploy.kafka_users import Connections, as_properties, broker_security, own_connections
from deploy.keys import read_or_make
from deploy.ports import HOST, NAMES, Ports, ports_from
from deploy.postgres import ADMIN, dsn, postgres_program
from deploy.processes import ROOT
from deploy.program import Program
from deploy.progress import Progress
from deploy.servers import JARS, Elsewhere
from deploy.stack import Stack
from proof.chaos.fault_proxy import FaultProxy

PATIENT = {"NOTIFIER_RETRY_FIRST_SECONDS": "1", "NOTIFIER_SMTP_TIMEOUT": "4"}
"""A run has minutes, not days: deferred mails are tried again soon, a silent mail server is given up on soon."""


@dataclass
class StackUnderTest:
    """What the storm acts on and the clients use. `kafka` and `databases` are direct, past the proxies."""

    stack: Stack
    folder: Path
    links: Mapping[str, FaultProxy]
    programs: Mapping[str, Program]
    addresses: Mapping[str, Any]
    kafka: Connections
    databases: Mapping[str, str]
    crash_folder: Path
    mail_folder: Path

    def pid(self, name: str) -> int | None:
        """Give the present process of a program, if it runs."""
        return self.stack.supervisor.pids.get(name)

    def url(self, service: str) -> str:
        """Give the address of a service that serves HTTP."""
        return self.stack.place.url(service)

    def set_mail_mode(self, mode: str) -> None:
        """Tell the mail server how to behave."""
        draft = self.mail_folder / "mode.new"
        draft.write_text(mode)
        draft.replace(self.mail_folder / "mode")


@asynccontextmanager
async def stack_under_test(data: Path, port_base: int, broken: Mapping[str, str], progress: Progress) -> AsyncIterator[StackUnderTest]:
    """Run one for as long as the context lasts; `broken` names the variant that a process runs instead of itself."""
    ports, secrets = ports_from(port_base), read_or_make(data / "secrets.json")
    kafka_proxied, smtp = port_base + len(NAMES), port_base + len(NAMES) + 1
    async with AsyncExitStack() as exits:
        targets = {"kafka": kafka_proxied, "postgres": ports.postgres, "smtp": smtp}
        links = {name: await exits.enter_async_context(FaultProxy(port)) for name, port in targets.items()}
        elsewhere = Elsewhere(
            own_connections(f"{HOST}:{links['kafka'].port}", secrets), dsn(ADMIN, secrets["postgres_password"], links["postgres"].port, ADMIN)
        )
        crash_folder, mail_folder = data / "crash-points", data
        crash_folder.mkdir(exist_ok=True)
        (data / "mode").unlink(missing_ok=True)
        programs: dict[str, Program] = {}

        def change(program: Program) -> Program:
            changed = (
                _mail_server(program, mail_folder, smtp) if program.name == "mailbox" else _exposed(program, crash_folder, links["smtp"].port, broken)
            )
            programs[program.name] = changed
            return changed

        stack = Stack(data, port_base, progress, elsewhere, change=change)
        for server in await asyncio.gather(
            asyncio.to_thread(_kafka, data / "kafka", ports, kafka_proxied, links["kafka"].port, broker_security(secrets, "PROXIED")),
            asyncio.to_thread(postgres_program, data / "postgres", ports.postgres, secrets["postgres_password"]),
        ):
            programs[server.name] = server
        exits.push_async_callback(stack.supervisor.stop, ("kafka", "postgres"))
        await asyncio.gather(*(stack.supervisor.start(programs[name]) for name in ("kafka", "postgres")))
        await exits.enter_async_context(stack.running())
        yield StackUnderTest(
            stack=stack,
            folder=data,
            links=links,
            programs=programs,
            addresses=describe(stack.place, stack.secrets),
            kafka=own_connections(f"{HOST}:{ports.kafka}", secrets),
            databases={name: _direct(address, ports.postgres) for name, address in stack.place.databases.items()},
            crash_folder=crash_folder,
            mail_folder=mail_folder,
        )


def _kafka(folder: Path, ports: Ports, proxied: int, proxy: int, security: Mapping[str, str]) -> Program:
    """Give the broker with a second listener, which clients are told to find at the proxy."""
    program = kafka_program(folder, class_path(JARS), ports.kafka, ports.kafka_controller, security)
    settings = {
        "listeners": f"CLIENTS://{HOST}:{ports.kafka},CONTROLLER://{HOST}:{ports.kafka_controller},PROXIED://{HOST}:{proxied}",
        "advertised.listeners": f"CLIENTS://{HOST}:{ports.kafka},PROXIED://{HOST}:{proxy}",
    }
    with (folder / "server.properties").open("a") as properties:
        properties.write(as_properties(settings))
    return program


def _mail_server(program: Program, folder: Path, port: int) -> Program:
    async def ready() -> None:
        _, writer = await asyncio.open_connection(HOST, port)
        writer.close()

    return replace(program, command=(sys.executable, "-m", "proof.chaos.mail_server", str(folder), str(port)), ready=ready, ports=(port,))


def _exposed(program: Program, crash_folder: Path, smtp: int, broken: Mapping[str, str]) -> Program:
    """Let the storm at a process of ours: crash points, the proxied mail server; or a broken variant of it."""
    extra = {"CRASH_POINTS": str(crash_folder), "PYTHONPATH": str(ROOT)}
    if program.name.startswith("notifier"):
        extra |= {"NOTIFIER_SMTP_PORT": str(smtp), **PATIENT}
    command = program.command
    if program.name in broken:
        command = (sys.executable, "-m", "proof.chaos.variants.run", broken[program.name], *command[2:])
    return replace(program, command=command, environment={**program.environment, **extra})


def _direct(address: str, port: int) -> str:
    parts = urlsplit(address)
    return parts._replace(netloc=f"{parts.netloc.rpartition('@')[0]}@{HOST}:{port}").geturl()
