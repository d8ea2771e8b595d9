"""The SMTP side: takes every mail, and refuses the addresses that are made for trying out refusals."""

import asyncio

from aiosmtpd.smtp import SMTP, Envelope, Session

from deploy.mailbox.maildir import Maildir

MOST_BYTES = 10 << 20
REFUSED = {
    "perm-fail": "550 5.1.1 No such mailbox",
    "temp-fail": "451 4.2.1 Mailbox busy, try again later",
}


class Receiver:
    """What aiosmtpd calls for each recipient and each mail."""

    def __init__(self, maildir: Maildir) -> None:
        self._maildir = maildir

    async def handle_RCPT(  # noqa: N802  aiosmtpd's name
        self,
        _server: SMTP,
        _session: Session,
        envelope: Envelope,
        address: str,
        _options: list[str],
    ) -> str:
        """Take a recipient, unless its local part asks to be refused: `perm-fail@…` for good, `temp-fail@…` for now."""
        refusal = REFUSED.get(address.partition("@")[0].casefold())
        if refusal:
            return refusal
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802  as above
        """Keep a mail; answers only when it is on the disk."""
        content = envelope.original_content or b""
        await asyncio.to_thread(self._maildir.deliver, content)
        return "250 OK"


async def serve_smtp(maildir: Maildir, host: str, port: int) -> asyncio.Server:
    """Listen for mail on the running loop."""
    loop = asyncio.get_running_loop()
    receiver = Receiver(maildir)
    return await loop.create_server(
        lambda: SMTP(receiver, enable_SMTPUTF8=True, data_size_limit=MOST_BYTES, hostname="mailbox", loop=loop), host, port
    )
