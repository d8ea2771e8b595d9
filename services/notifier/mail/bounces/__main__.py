"""The process that receives reports about mails, over SMTP or LMTP, and out of a mailbox over IMAP.

`python -m services.notifier.mail.bounces`
"""

import asyncio
import sys
from contextlib import AsyncExitStack

from services.notifier.mail.bounces.poll_mailbox import MailboxReader
from services.notifier.mail.bounces.receive_reports import receiving
from services.notifier.mail.bounces.return_path import return_paths
from services.notifier.mail.bounces.take_in import Inbox
from services.notifier.settings import Settings
from services.notifier.write.contents import ContentsBox
from shared.database.engine import open_database
from shared.process.logs import get_log
from shared.process.loops import run_together
from shared.process.run_worker import run_worker
from shared.settings import read_settings
from shared.web.health import Liveness

log = get_log(__name__)

LISTENER = "listen"
BEAT_SECONDS = 1.0


async def run(settings: Settings) -> None:
    """Work until cancelled; a part that fails ends the process, and nothing is lost.

    Whoever brings a report brings it again.
    """
    loops = ((LISTENER,) if settings.inbound_port else ()) + (
        (MailboxReader.loop,) if settings.imap_host else ()
    )
    liveness = Liveness(settings.liveness_file, loops)
    async with AsyncExitStack() as open_now:
        sessions = await open_now.enter_async_context(open_database(settings.database_url.get_secret_value()))
        inbox = Inbox(
            sessions, return_paths(settings), ContentsBox(settings.sealing_private_keys.get_secret_value())
        )
        if settings.inbound_port:
            place = settings.inbound_host, settings.inbound_port
            await open_now.enter_async_context(
                receiving(*place, settings.inbound_protocol, inbox.paths.takes, inbox.take_in)
            )
        log.info("bounces_started", port=settings.inbound_port, mailbox=settings.imap_host)
        listener = [_beat(liveness)] if settings.inbound_port else []
        mailbox = [MailboxReader(settings, inbox, liveness).run()] if settings.imap_host else []
        await run_together(liveness.run(), *listener, *mailbox)


async def _beat(liveness: Liveness) -> None:
    while True:
        liveness.beat(LISTENER)
        await asyncio.sleep(BEAT_SECONDS)


def main() -> None:
    """Run with the settings of the environment."""
    settings = read_settings(Settings)
    if not settings.inbound_port and not settings.imap_host:
        sys.exit(
            "Settings are missing: NOTIFIER_INBOUND_PORT or NOTIFIER_IMAP_HOST says where reports come from"
        )
    run_worker(run, settings)


if __name__ == "__main__":
    main()
