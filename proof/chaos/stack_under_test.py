"""Runs the stack of a chaos run, with fault proxies before its servers and a mail server that misbehaves."""

import asyncio
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from deploy.addresses import describe
from deploy.kafka_users import Connections
from deploy.keys import read_or_make
from deploy.ports import HOST, NAMES, ports_from
from deploy.processes import ROOT
from deploy.program import Program
from deploy.progress import Progress
from deploy.stack import Stack
from proof.chaos.fault_proxy import FaultProxyProcess
from proof.chaos.servers import DATABASES, Link, Servers, behind_proxies

FAST_RETRIES = {"NOTIFIER_RETRY_FIRST_SECONDS": "1", "NOTIFIER_SMTP_TIMEOUT": "4"}
"""A run has minutes, not days: deferred mails are retried soon, and SMTP times out soon."""


@dataclass
class StackUnderTest:
    """The stack for faults and clients. `databases` and `servers.kafka` bypass the proxies."""

    stack: Stack
    servers: Servers
    folder: Path
    links: Mapping[str, Link]
    addresses: Mapping[str, Any]
    databases: Mapping[str, str]
    crash_folder: Path
    mail_folder: Path

    @property
    def kafka(self) -> Connections:
        """Each user's direct connection to the brokers."""
        return self.servers.kafka

    def program(self, name: str) -> Program:
        """Return a program by its name."""
        return self.servers.programs[name]

    def pid(self, name: str) -> int | None:
        """Return the process id of a running program, else `None`.

        After a fail-over `postgres` is the new primary.
        """
        return self.stack.supervisor.pids.get(self.servers.primary if name == DATABASES[0] else name)

    def url(self, service: str) -> str:
        """Return the address of a service that serves HTTP."""
        return self.stack.place.url(service)

    def set_mail_mode(self, mode: str) -> None:
        """Set the mode of the mail server."""
        draft = self.mail_folder / "mode.new"
        draft.write_text(mode)
        draft.replace(self.mail_folder / "mode")


@asynccontextmanager
async def stack_under_test(
    data: Path, port_base: int, brokers: int, broken: Mapping[str, str], progress: Progress
) -> AsyncIterator[StackUnderTest]:
    """Run a stack for as long as the context lasts; `broken` maps processes to broken variants."""
    ports, secrets = ports_from(port_base), read_or_make(data / "secrets.json")
    smtp = port_base + len(NAMES)
    crash_folder, mail_folder = data / "crash-points", data
    crash_folder.mkdir(exist_ok=True)
    (data / "mode").unlink(missing_ok=True)
    async with (
        behind_proxies(data, ports, smtp + 1, secrets, brokers) as servers,
        FaultProxyProcess(smtp) as mail_proxy,
        AsyncExitStack() as exits,
    ):

        def change(program: Program) -> Program:
            mailbox = program.name == "mailbox"
            changed = (
                _mail_server(program, mail_folder, smtp, ports.bounces)
                if mailbox
                else _exposed(program, crash_folder, mail_proxy.port, broken)
            )
            servers.programs[program.name] = changed
            return changed

        stack = Stack(data, port_base, progress, servers.existing, change=change)
        exits.push_async_callback(
            stack.supervisor.stop, (*(broker.name for broker in servers.brokers), *DATABASES)
        )
        await servers.start(stack.supervisor)
        await exits.enter_async_context(stack.running())
        yield StackUnderTest(
            stack=stack,
            servers=servers,
            folder=data,
            links={**servers.links, "smtp": Link([mail_proxy])},
            addresses=describe(stack.place, stack.secrets),
            databases={
                service: _direct(address, servers.databases)
                for service, address in stack.place.databases.items()
            },
            crash_folder=crash_folder,
            mail_folder=mail_folder,
        )


def _mail_server(program: Program, folder: Path, port: int, reports_port: int) -> Program:
    async def ready() -> None:
        _, writer = await asyncio.open_connection(HOST, port)
        writer.close()

    return replace(
        program,
        command=(sys.executable, "-m", "proof.chaos.mail_server", str(folder), str(port), str(reports_port)),
        ready=ready,
        ports=(port,),
    )


def _exposed(program: Program, crash_folder: Path, smtp: int, broken: Mapping[str, str]) -> Program:
    """Return a program with crash points and the proxied mail server; or a broken variant of it."""
    extra = {"CRASH_POINTS": str(crash_folder), "PYTHONPATH": str(ROOT)}
    if program.name.startswith("notifier"):
        extra |= {"NOTIFIER_SMTP_PORT": str(smtp), **FAST_RETRIES}
    command = program.command
    if program.name in broken:
        command = (sys.executable, "-m", "proof.chaos.variants.run", broken[program.name], *command[2:])
    return replace(program, command=command, environment={**program.environment, **extra})


def _direct(address: str, hosts: str) -> str:
    parts = urlsplit(address)
    return parts._replace(
        netloc=f"{parts.netloc.rpartition('@')[0]}@{hosts}", query="target_session_attrs=read-write"
    ).geturl()
