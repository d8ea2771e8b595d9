"""The mailbox's SMTP server: accepts every mail, except to addresses that simulate refusals and bounces."""

import asyncio

from aiosmtpd.smtp import SMTP, Envelope, Session

from deploy.mailbox.bounce import BounceReport, bounce, bounce_report_for
from deploy.mailbox.maildir import Maildir

MAX_MAIL_BYTES = 10 << 20
REFUSED = {
    "perm-fail": "550 5.1.1 No such mailbox",
    "temp-fail": "451 4.2.1 Mailbox busy, try again later",
}

CANARY = "canary"


def local_part(address: str) -> str:
    """Return the part before the @, in lower case."""
    return address.partition("@")[0].casefold()


class Receiver:
    """The handler that aiosmtpd calls for each recipient and each mail."""

    def __init__(self, maildir: Maildir, bounces_port: int | None) -> None:
        self._maildir = maildir
        self._bounces_port = bounces_port
        self._bouncing: set[asyncio.Task[bool]] = set()

    async def handle_RCPT(  # noqa: N802  aiosmtpd's name
        self,
        _server: SMTP,
        _session: Session,
        envelope: Envelope,
        address: str,
        _options: list[str],
    ) -> str:
        """Accept a recipient, unless its local part asks for a refusal.

        `perm-fail@…` is refused permanently, `temp-fail@…` temporarily.
        """
        refusal = REFUSED.get(local_part(address))
        if refusal:
            return refusal
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802  as above
        """Store a mail; answers only when it is on the disk.

        A mail to `bounce@…` or `soft-bounce@…` is accepted, and a report about it follows. The canary's mails
        are accepted and dropped: one comes every minute.
        """
        if all(local_part(address) == CANARY for address in envelope.rcpt_tos):
            return "250 OK"
        content = envelope.original_content or b""
        kinds = [(address, kind) for address in envelope.rcpt_tos if (kind := bounce_report_for(address))]
        if kinds:
            self._bounce(envelope, kinds, content)
            return "250 OK"
        await asyncio.to_thread(self._maildir.deliver, content)
        return "250 OK"

    def _bounce(self, envelope: Envelope, kinds: list[tuple[str, BounceReport]], content: bytes) -> None:
        for address, kind in kinds:
            if self._bounces_port and envelope.mail_from:
                task = asyncio.create_task(
                    bounce(self._bounces_port, kind, envelope.mail_from, address, content)
                )
                self._bouncing.add(task)
                task.add_done_callback(self._bouncing.discard)


async def serve_smtp(
    maildir: Maildir, host: str, port: int, bounces_port: int | None = None
) -> asyncio.Server:
    """Listen for mail on the running loop; reports about bounced mails go to `bounces_port`."""
    loop = asyncio.get_running_loop()
    receiver = Receiver(maildir, bounces_port)
    return await loop.create_server(
        lambda: SMTP(
            receiver, enable_SMTPUTF8=True, data_size_limit=MAX_MAIL_BYTES, hostname="mailbox", loop=loop
        ),
        host,
        port,
    )
