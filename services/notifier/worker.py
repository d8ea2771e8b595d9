"""Notifier over Kafka and SMTP: lifecycle events come in, mails and their outcomes go out."""

import asyncio
import signal

import uvloop

from services.notifier.contents import ContentsBox
from services.notifier.dispatch import Dispatcher
from services.notifier.forget_contents import forget_for_ever
from services.notifier.on_request_lifecycle import request_lifecycle_handler
from services.notifier.publish_outcomes import OUTCOMES, outcome_publisher
from services.notifier.settings import Settings
from services.notifier.write_mail import MailWriter
from shared.crypto.sealing import Opener
from shared.database import open_database
from shared.events.topics import LIFECYCLE
from shared.health import Liveness
from shared.kafka.consume import BatchConsumer
from shared.kafka.producer import EventProducer
from shared.logs import configure_logs, get_log
from shared.loops import run_together
from shared.settings import key_bytes, read_settings

log = get_log(__name__)

GROUP = "notifier"
# A plan made while the table was small would read all of it until the next ANALYZE; every statement here has its index.
BY_INDEX = {"enable_seqscan": "off"}


async def run(settings: Settings) -> None:
    """Work until cancelled; a loop that fails ends the process, which resumes where offsets and rows are."""
    keys, kafka, sender = settings.sealing_private_keys.get_secret_value(), settings.kafka_connection, settings.sender
    opener, box = Opener(keys), ContentsBox(keys)
    writer = MailWriter(sender=sender, site_url=settings.site_url, link_key=key_bytes(settings.link_key))
    liveness = Liveness(settings.liveness_file, (Dispatcher.loop, OUTCOMES.name, f"consume:{GROUP}"))
    async with (
        open_database(
            settings.database_url.get_secret_value(), most=settings.database_connections, server_settings=BY_INDEX, try_first=False
        ) as sessions,
        EventProducer(kafka, "notifier-worker") as producer,
    ):
        publisher = outcome_publisher(settings.database_url.get_secret_value(), producer, liveness)
        dispatcher = Dispatcher(settings, sessions, box=box, writer=writer, liveness=liveness, told=publisher.wake)
        entrusting = dispatcher.entrusting
        handler = request_lifecycle_handler(opener, box, sender.rpartition("@")[2], entrusting)
        consumer = BatchConsumer(
            kafka, GROUP, [LIFECYCLE], handler=handler, sessions=sessions, producer=producer, liveness=liveness, committed=entrusting.committed
        )
        log.info("worker_started")
        if settings.return_path is None:
            log.warning("reports_not_asked_for", setting="NOTIFIER_RETURN_PATH")
        await run_together(consumer.run(), dispatcher.run(), publisher.run(), liveness.run(), forget_for_ever(sessions, settings.keep_days))


async def _run_until_told(settings: Settings) -> None:
    work = asyncio.ensure_future(run(settings))
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, work.cancel)
    try:
        await work
    except asyncio.CancelledError:
        log.info("worker_stopped")


def main() -> None:
    """Run the worker with the settings of the environment."""
    settings = read_settings(Settings)
    configure_logs(settings.log_level)
    uvloop.run(_run_until_told(settings))


if __name__ == "__main__":
    main()
