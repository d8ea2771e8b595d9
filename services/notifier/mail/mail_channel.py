"""Mail as a channel of the queue.

Decrypts and writes each mail, and sends it over a pool of SMTP connections.
"""

import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from functools import partial
from typing import Any, NamedTuple

from services.notifier.delivery import Claimed, Reply
from services.notifier.mail.bounces.return_path import PROBE, Sending, return_paths
from services.notifier.mail.mail_outcome import mail_outcome
from services.notifier.mail.send.connection_pool import ConnectionPool
from services.notifier.mail.send.open_session import ServerAway, mail_server
from services.notifier.mail.send.send_mail import MailConnection
from services.notifier.queue.breaker import Breaker
from services.notifier.queue.channel import ChannelAway, Deliver, RetrySchedule, Waiting
from services.notifier.settings import Settings
from services.notifier.write.contents import Contents, ContentsBox, Unreadable
from services.notifier.write.write_mail import MailWriter
from shared.events.mail_outcomes import MailOutcome
from shared.process.crash_points import crash_point
from shared.process.logs import get_log
from shared.settings import key_bytes
from shared.text.mail_address import BadAddress, MailboxAddress, mailbox_address

log = get_log(__name__)

MAIL = "mail"


class Letter(NamedTuple):
    """What a waiting mail holds in clear, and where it goes."""

    contents: Contents
    to: MailboxAddress


def waiting_mail(delivery: Claimed, contents: Contents, to: MailboxAddress) -> Waiting:
    """Make a mail ready to wait for a connection, in the lane of its mailbox."""
    return Waiting(delivery, to.address, Letter(contents, to))


class MailChannel:
    """The `Channel` of mails."""

    name = MAIL

    def __init__(self, settings: Settings) -> None:
        if settings.return_path is None:
            log.warning("reports_not_asked_for", setting="NOTIFIER_RETURN_PATH")
        server = mail_server(settings)
        self.most = settings.smtp_connections
        self.retry = RetrySchedule(settings.retry_first_seconds, settings.retry_hours)
        self.breaker = Breaker()
        self._pool = ConnectionPool(server, self.most)
        self._probe = MailConnection(server)
        self._paths = return_paths(settings)
        self._box = ContentsBox(settings.sealing_private_keys.get_secret_value())
        self._writer = MailWriter(
            sender=settings.sender, site_url=settings.site_url, link_key=key_bytes(settings.link_key)
        )

    def read(self, claimed: Claimed) -> Waiting | Reply:
        """Decrypt a mail and check its address."""
        try:
            contents = self._box.unlock(claimed.contents, claimed.message_id)
            return waiting_mail(claimed, contents, mailbox_address(contents.email))
        except (BadAddress, Unreadable) as error:
            log.warning("mail_without_address", **_names(claimed), error=type(error).__name__)
            return Reply("bad-address", type(error).__name__)

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[Deliver]:
        """Take a connection to the mail server from the pool."""
        connection = await self._pool.take()
        try:
            yield partial(self._deliver, connection)
        finally:
            self._pool.give_back(connection)

    def slow(self) -> int:
        """Return how many mails the server keeps waiting."""
        return self._pool.slow()

    async def probe(self) -> None:
        """Connect and begin a mail."""
        try:
            await self._probe.check(self._paths.path_of(PROBE))
        except ServerAway as away:
            raise ChannelAway(away.why) from away

    def back(self) -> None:
        """Use all connections."""
        self._pool.reset()

    async def close(self) -> None:
        """Close the connections."""
        await self._pool.close()

    def outcome(self, row: Mapping[str, Any]) -> MailOutcome:
        """Make the event of an outcome."""
        return mail_outcome(row)

    async def _deliver(self, connection: MailConnection, waiting: Waiting) -> Reply | None:
        begun, message = time.monotonic(), self._write(waiting)
        if isinstance(message, Reply):
            return message
        letter: Letter = waiting.content
        sending = Sending(waiting.delivery.id, waiting.delivery.sending)
        try:
            reply = await connection.send(letter.to, message, self._paths.path_of(sending))
        except ServerAway as away:
            if not self._pool.others_work(connection):
                self.breaker.open(away.why)
            # It may be this mail alone that the server refuses to begin: it waits by itself, and others go
            # on.
            return Reply("connection", away.why) if away.may_be_the_mail else None
        crash_point("notifier.after-mail-accepted")
        if reply.concern in {"server", "rate"}:
            self._pool.mail_refused(begun)
        elif reply.kind == "2xx":
            self._pool.mail_sent()
        return reply

    def _write(self, waiting: Waiting) -> bytes | Reply:
        letter: Letter = waiting.content
        try:
            return self._writer.write(waiting.delivery, letter.contents, letter.to.address)
        except Exception as error:  # noqa: BLE001  a mail that cannot be written never can be: it fails, and others go on
            # Without its traceback, which could hold parts of the mail.
            log.error("mail_not_written", **_names(waiting.delivery), error=type(error).__name__)  # noqa: TRY400  as said
            return Reply("unwritable", "")


def _names(delivery: Claimed) -> Mapping[str, Any]:
    return {"request_id": str(delivery.request_id), "delivery": delivery.id}
