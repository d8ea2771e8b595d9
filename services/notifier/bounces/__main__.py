"""`python -m services.notifier.bounces`: takes in what came back, over SMTP or LMTP, and out of a mailbox."""

import asyncio
import signal
import sys
from contextlib import AsyncExitStack

from services.notifier.bounces.poll_mailbox import MailboxReader
from services.notifier.bounces.receive_reports import receiving
from services.notifier.bounces.return_path import return_paths
from services.notifier.bounces.take_in import Inbox
from services.notifier.contents import ContentsBox
from services.notifier.settings import Settings
from shared.database import open_database
from shared.health import Liveness
from shared.logs import configure_logs, get_log
from shared.loops import run_together
from shared.settings import read_settings

log = get_log(__name__)

LISTENER = "listen"
BEAT_SECONDS = 1.0


async def run(settings: Settings) -> None:
    """Work until cancelled; a part that fails ends the process, and nothing is lost: whoever brings a report brings it again."""
    loops = ((LISTENER,) if settings.inbound_port else ()) + ((MailboxReader.loop,) if settings.imap_host else ())
    liveness = Liveness(settings.liveness_file, loops)
    async with AsyncExitStack() as open_now:
        sessions = await open_now.enter_async_context(open_database(settings.database_url.get_secret_value()))
        inbox = Inbox(sessions, return_paths(settings), ContentsBox(settings.sealing_private_keys.get_secret_value()))
        if settings.inbound_port:
            place = settings.inbound_host, settings.inbound_port
            await open_now.enter_async_context(receiving(*place, settings.inbound_protocol, inbox.paths.takes, inbox.take_in))
        log.info("bounces_started", port=settings.inbound_port, mailbox=settings.imap_host)
        listener = [_beat(liveness)] if settings.inbound_port else []
        mailbox = [MailboxReader(settings, inbox, liveness).run()] if settings.imap_host else []
        await run_together(liveness.run(), *listener, *mailbox)


async def _beat(liveness: Liveness) -> None:
    while True:
        liveness.beat(LISTENER)
        await asyncio.sleep(BEAT_SECONDS)


async def _run_until_told(settings: Settings) -> None:
    work = asyncio.ensure_future(run(settings))
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, work.cancel)
    try:
        await work
    except asyncio.CancelledError:
        log.info("bounces_stopped")


def main() -> None:
    """Run with the settings of the environment."""
    settings = read_settings(Settings)
    configure_logs(settings.log_level)
    if not settings.inbound_port and not settings.imap_host:
        sys.exit("Settings are missing: NOTIFIER_INBOUND_PORT or NOTIFIER_IMAP_HOST says where reports about mails come from")
    asyncio.run(_run_until_told(settings))


if __name__ == "__main__":
    main()
