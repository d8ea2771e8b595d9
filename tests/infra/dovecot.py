"""Debian's Dovecot as a mailbox to be read over IMAP with TLS: own folder, own port, gone with the test."""

import asyncio
import os
import shutil
import signal
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from tests.eventually import eventually
from tests.infra.debian import debian_program
from tests.infra.embedded import free_ports
from tests.infra.postgres_tls import Authority

START_SECONDS = 30.0
USER, PASSWORD = "posti", "salainen sana"


@dataclass(frozen=True)
class ImapServer:
    """A running server; `certificates` is the file that its certificate is checked with."""

    port: int
    certificates: Path
    maildir: Path

    def deliver(self, name: str, raw: bytes) -> None:
        """Put a mail into the mailbox as a mail server does."""
        draft = self.maildir / "tmp" / name
        draft.write_bytes(raw)
        draft.chmod(0o666)
        draft.rename(self.maildir / "new" / name)

    def unread(self) -> set[str]:
        """Name the mails that nobody has read."""
        files = [*(self.maildir / "new").iterdir(), *(self.maildir / "cur").iterdir()]
        return {file.name.partition(":")[0] for file in files if "S" not in file.name.partition(":2,")[2]}


@asynccontextmanager
async def dovecot() -> AsyncIterator[ImapServer]:
    """Run a server with one mailbox for as long as the context lasts."""
    program = debian_program("dovecot-imapd", "usr/sbin/dovecot")
    (port,) = free_ports(1)
    folder, server = _write(port)
    process = await asyncio.create_subprocess_exec(
        str(program),
        "-F",
        "-c",
        str(folder / "dovecot.conf"),
        stdout=asyncio.subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        await eventually(lambda: _listens(port), START_SECONDS)
        yield server
    finally:
        with suppress(ProcessLookupError):
            os.kill(process.pid, signal.SIGTERM)
        await process.wait()
        shutil.rmtree(folder)


def _write(port: int) -> tuple[Path, ImapServer]:
    # Dovecot's own users have to get in.
    folder = Path(tempfile.mkdtemp(prefix="asiointi-dovecot-"))
    folder.chmod(0o755)
    authority = Authority(folder, "authority")
    certificate, key = authority.issue("localhost")
    maildir = folder / "mail"
    for name in ("tmp", "new", "cur"):
        (maildir / name).mkdir(parents=True)
    for each in (maildir, *maildir.iterdir()):
        shutil.chown(each, "mail", "mail")
    (folder / "users").write_text(f"{USER}:{{PLAIN}}{PASSWORD}\n")
    (folder / "dovecot.conf").write_text(f"""
base_dir = {folder}/run
state_dir = {folder}/state
log_path = {folder}/log
protocols = imap
listen = 127.0.0.1
ssl = required
ssl_cert = <{certificate}
ssl_key = <{key}
mail_location = maildir:{maildir}
mail_privileged_group = mail
first_valid_uid = 0
passdb {{
  driver = passwd-file
  args = scheme=PLAIN {folder}/users
}}
userdb {{
  driver = static
  args = uid=mail gid=mail home={folder}
}}
service imap-login {{
  inet_listener imap {{
    port = 0
  }}
  inet_listener imaps {{
    port = {port}
    ssl = yes
  }}
  chroot =
}}
""")
    return folder, ImapServer(port, authority.file, maildir)


async def _listens(port: int) -> None:
    _, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.close()
