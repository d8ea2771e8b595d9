"""The mail server of a run: stores mails, and misbehaves in the mode that a file names.

`python -m proof.chaos.mail_server FOLDER PORT REPORTS_PORT`. `FOLDER/mode` holds one of `MODES`;
`FOLDER/mail/new` is the Maildir. Every mail kept is a line of `FOLDER/mail.jsonl`: its file (`null`: it
bounced), whether the sender got a confirmation (`confirmed`), and when. Bounce reports go to `REPORTS_PORT`.
"""

import asyncio
import contextlib
import json
import os
import sys
import time
from email.parser import BytesHeaderParser
from itertools import count
from pathlib import Path
from typing import Any, AnyStr, Literal, TypeAlias, get_args

from aiosmtpd.smtp import SMTP, Envelope, Session

from proof.chaos.bounces import Bounces

Mode: TypeAlias = Literal[
    "ok",
    "refuse",
    "defer",
    "hang-up-in-data",
    "hang-up-after-data",
    "disk-full",
    "no-sender",
    "rate",
    "few-connections",
    "slow-greeting",
    "bounce",
]
MODES: tuple[Mode, ...] = get_args(Mode)

HOST = "127.0.0.1"
REFUSAL = "550 5.1.1 No such mailbox"
DEFERRAL = "451 4.2.1 Mailbox busy, come back later"
FULL = "452 4.3.1 Insufficient system storage"
NO_SENDER = "530 5.7.0 Must issue a STARTTLS command first"
TOO_FAST, MAIL_EVERY_SECONDS = "550 5.7.1 Too many emails per second", 0.1
TOO_MANY, MAX_CONNECTIONS = "421 4.7.0 Too many connections from your host", 2
GREETING_SECONDS = 12.0
MAX_MAIL_BYTES = 10 << 20


class Receiver:
    """Keeps mails and misbehaves."""

    def __init__(self, folder: Path, bounces: Bounces) -> None:
        self.bounces = bounces
        self._mode_file = folder / "mode"
        self._maildir = folder / "mail"
        for name in ("tmp", "new", "cur"):
            (self._maildir / name).mkdir(parents=True, exist_ok=True)
        self._log = (folder / "mail.jsonl").open("a", buffering=1)
        self._names = count()
        self._next_mail_at = 0.0
        self.connections = 0

    async def handle_MAIL(  # noqa: N802  aiosmtpd's name
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        """Refuse the sender, always or by rate, in the modes for that."""
        mode = self.mode()
        if mode == "no-sender":
            return NO_SENDER
        if mode == "rate" and time.monotonic() < self._next_mail_at:
            return TOO_FAST
        self._next_mail_at = time.monotonic() + MAIL_EVERY_SECONDS
        envelope.mail_from = address
        envelope.mail_options.extend(options)
        return "250 OK"

    async def handle_RCPT(  # noqa: N802  as above
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        """Refuse or defer the recipient in the modes for that."""
        mode = self.mode()
        if mode == "refuse":
            return REFUSAL
        if mode == "defer":
            return DEFERRAL
        envelope.rcpt_tos.append(address)
        envelope.rcpt_options.extend(options)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802  as above
        """Store a mail; it is on the disk before the answer.

        In one mode the answer never comes; in another the mail is accepted, and a bounce report follows.
        """
        content, mode = envelope.original_content or b"", self.mode()
        if mode == "bounce":
            self._note(content, None, confirmed=True)
            await self.bounces.take(envelope.mail_from or "", envelope.rcpt_tos[0], content)
            return "250 OK"
        try:
            name = await asyncio.to_thread(self._keep, content, full=mode == "disk-full")
        except OSError:
            return FULL
        confirmed = mode != "hang-up-after-data"
        self._note(content, name, confirmed=confirmed)
        if not confirmed:
            _abort(server)
            await asyncio.sleep(60)
        return "250 OK"

    def close(self) -> None:
        """Close the log."""
        self._log.close()

    def mode(self) -> str:
        """Return the current mode; `ok` without a file."""
        try:
            return self._mode_file.read_text().strip() or "ok"
        except FileNotFoundError:
            return "ok"

    def _note(self, content: bytes, file: str | None, *, confirmed: bool) -> None:
        message_id = str(BytesHeaderParser().parsebytes(content)["Message-ID"]).strip()
        self._log.write(
            json.dumps({"at": time.time(), "file": file, "message_id": message_id, "confirmed": confirmed})
            + "\n"
        )

    def _keep(self, content: bytes, *, full: bool) -> str:
        name = f"{time.time_ns():020d}.{os.getpid()}_{next(self._names)}.mailbox"
        draft = Path("/dev/full") if full else self._maildir / "tmp" / name
        with draft.open("wb", buffering=0) as file:
            file.write(content)
            os.fdatasync(file.fileno())
        draft.rename(self._maildir / "new" / name)
        return name


class FaultySMTP(SMTP):
    """Greets late, limits connections, or hangs up inside DATA when the mode says so."""

    _greeted = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Count connections."""
        self.event_handler.connections += 1
        super().connection_made(transport)

    def connection_lost(self, error: Exception | None) -> None:
        """Count them down."""
        self.event_handler.connections -= 1
        super().connection_lost(error)

    async def push(self, status: AnyStr) -> None:
        """Send an answer; the first one is the greeting."""
        mode = "ok" if self._greeted else self.event_handler.mode()
        self._greeted = True
        if mode == "slow-greeting":
            await asyncio.sleep(GREETING_SECONDS)
        if mode == "few-connections" and self.event_handler.connections > MAX_CONNECTIONS:
            await super().push(TOO_MANY)
            if self.transport is not None:
                self.transport.close()
            return
        await super().push(status)

    async def smtp_DATA(self, arg: str) -> None:  # noqa: N802  as above
        """Receive a mail, or its first bytes only."""
        if self.event_handler.mode() != "hang-up-in-data":
            await super().smtp_DATA(arg)
            return
        await self.push("354 End data with <CR><LF>.<CR><LF>")
        await self._reader.read(64)
        _abort(self)


def _abort(server: SMTP) -> None:
    transport: Any = server.transport
    if transport is not None:
        transport.abort()


async def serve(folder: Path, port: int, reports_port: int) -> None:
    """Listen until the process is ended."""
    loop, bounces = asyncio.get_running_loop(), Bounces(folder / "bounces", reports_port)
    bounces.go_on()
    receiver = Receiver(folder, bounces)
    server = await loop.create_server(
        lambda: FaultySMTP(
            receiver, enable_SMTPUTF8=True, data_size_limit=MAX_MAIL_BYTES, hostname="mailbox", loop=loop
        ),
        HOST,
        port,
    )
    async with server:
        await server.serve_forever()


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(serve(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])))
