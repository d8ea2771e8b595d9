"""Notifier over Kafka and SMTP: lifecycle events come in, mails and their outcomes go out."""

from functools import partial

from services.notifier.on_request_lifecycle import on_request_lifecycle
from services.notifier.queue.forget_contents import forget_for_ever
from services.notifier.queue.publish_outcomes import OUTCOMES, outcome_publisher
from services.notifier.queue.dispatch import Dispatcher
from services.notifier.settings import Settings
from services.notifier.write.contents import ContentsBox
from services.notifier.write.write_mail import MailWriter
from shared.crypto.sealing import Opener
from shared.database.engine import BY_INDEX, open_database
from shared.events.topics import LIFECYCLE
from shared.kafka.consume import BatchConsumer
from shared.kafka.producer import EventProducer
from shared.process.logs import get_log
from shared.process.loops import run_together
from shared.process.run_worker import run_worker
from shared.settings import key_bytes, read_settings
from shared.web.health import Liveness

log = get_log(__name__)

GROUP = "notifier"


async def run(settings: Settings) -> None:
    """Work until cancelled; a loop that fails ends the process, which resumes where offsets and rows are."""
    keys, kafka, sender = (
        settings.sealing_private_keys.get_secret_value(),
        settings.kafka_connection,
        settings.sender,
    )
    opener, box = Opener(keys), ContentsBox(keys)
    writer = MailWriter(sender=sender, site_url=settings.site_url, link_key=key_bytes(settings.link_key))
    liveness = Liveness(settings.liveness_file, (Dispatcher.loop, OUTCOMES.name, f"consume:{GROUP}"))
    async with (
        open_database(
            settings.database_url.get_secret_value(),
            most=settings.database_connections,
            server_settings=BY_INDEX,
            try_first=False,
        ) as sessions,
        EventProducer(kafka, "notifier-worker") as producer,
    ):
        publisher = outcome_publisher(settings.database_url.get_secret_value(), producer, liveness)
        dispatcher = Dispatcher(
            settings, sessions, box=box, writer=writer, liveness=liveness, told=publisher.wake
        )
        handler = partial(
            on_request_lifecycle,
            opener=opener,
            box=box,
            mail_domain=sender.rpartition("@")[2],
            hand_over=dispatcher.hand_over,
        )
        consumer = BatchConsumer(
            kafka,
            GROUP,
            [LIFECYCLE],
            handler=handler,
            sessions=sessions,
            producer=producer,
            liveness=liveness,
        )
        log.info("worker_started")
        if settings.return_path is None:
            log.warning("reports_not_asked_for", setting="NOTIFIER_RETURN_PATH")
        await run_together(
            consumer.run(),
            dispatcher.run(),
            publisher.run(),
            liveness.run(),
            forget_for_ever(sessions, settings.keep_days),
        )


if __name__ == "__main__":
    run_worker(run, read_settings(Settings))
