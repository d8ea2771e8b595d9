"""Debian's Postfix as a relay with a queue and bounces of its own, beside the system's.

Own folder, own port, gone with the test.
"""

import asyncio
import os
import shutil
import signal
import tempfile
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from pathlib import Path

from tests.eventually import eventually
from tests.infra.debian import debian_program
from tests.infra.embedded import free_ports

START_SECONDS = 60.0
SERVICES = (
    ("{port}", "inet", "n", "smtpd"),
    ("cleanup", "unix", "n", "cleanup"),
    ("proxymap", "unix", "-", "proxymap"),
    ("rewrite", "unix", "-", "trivial-rewrite"),
    ("bounce", "unix", "-", "bounce"),
    ("defer", "unix", "-", "bounce"),
    ("trace", "unix", "-", "bounce"),
    ("smtp", "unix", "-", "smtp"),
    ("lmtp", "unix", "-", "lmtp"),
    ("retry", "unix", "-", "error"),
    ("error", "unix", "-", "error"),
)


@asynccontextmanager
async def postfix(routes: Mapping[str, str], **settings: str) -> AsyncIterator[int]:
    """Run a relay that accepts mail for the domains of `routes` only; return its port.

    `routes` maps a domain to `smtp:[host]:port`.
    """
    program = debian_program("postfix", "usr/sbin/postfix")
    (port,) = free_ports(1)
    folder = _write(port, routes, settings)
    command = (program, "-c", str(folder / "conf"), "start-fg")
    process = await asyncio.create_subprocess_exec(
        *command, stdout=asyncio.subprocess.DEVNULL, start_new_session=True
    )
    try:
        await eventually(lambda: _greets(port), START_SECONDS)
        yield port
    finally:
        # The script that was started waits for the master, and would leave it behind.
        os.kill(int((folder / "queue" / "pid" / "master.pid").read_text()), signal.SIGTERM)
        await process.wait()
        shutil.rmtree(folder)


def _write(port: int, routes: Mapping[str, str], settings: Mapping[str, str]) -> Path:
    # Postfix' own user has to get in.
    folder = Path(tempfile.mkdtemp(prefix="asiointi-postfix-"))
    folder.chmod(0o755)
    (folder / "conf").mkdir()
    (folder / "queue").mkdir()
    (folder / "lib").mkdir()
    shutil.chown(folder / "lib", "postfix", "postfix")
    transports = ", ".join(f"{{ {domain} = {route} }}" for domain, route in routes.items())
    facts = {
        "compatibility_level": "3.6",
        "queue_directory": str(folder / "queue"),
        "data_directory": str(folder / "lib"),
        "maillog_file": "/dev/stdout",
        "myhostname": "relay.example",
        "mydestination": "",
        "inet_interfaces": "127.0.0.1",
        "inet_protocols": "ipv4",
        "mynetworks": "127.0.0.0/8",
        "relay_domains": ", ".join(routes),
        "relay_recipient_maps": "",
        "smtpd_relay_restrictions": "reject_unauth_destination",
        "smtpd_recipient_restrictions": "permit_mynetworks, reject",
        "smtpd_peername_lookup": "no",
        "smtp_dns_support_level": "disabled",
        "smtp_host_lookup": "native",
        "transport_maps": f"inline:{{ {transports} }}",
        "default_transport": "error:no route",
        "relay_transport": "error:no route",
        "local_recipient_maps": "",
        "fast_flush_domains": "",
        "alias_maps": "",
        "alias_database": "",
        "queue_run_delay": "1s",
        "minimal_backoff_time": "1s",
        "maximal_backoff_time": "1s",
        **settings,
    }
    (folder / "conf" / "main.cf").write_text("".join(f"{name} = {value}\n" for name, value in facts.items()))
    lines = [
        f"{name.format(port=f'127.0.0.1:{port}')} {kind} {private} - n - 0 {command}"
        for name, kind, private, command in SERVICES
    ]
    lines += [
        "qmgr unix n - n 1 1 qmgr",
        "postlog unix-dgram n - n - 1 postlogd",
        "scache unix - - n - 1 scache",
        "anvil unix - - n - 1 anvil",
    ]
    (folder / "conf" / "master.cf").write_text("\n".join(lines) + "\n")
    return folder


async def _greets(port: int) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        assert (await reader.readline()).startswith(b"220")
    finally:
        writer.close()
        with suppress(ConnectionError):
            await writer.wait_closed()
