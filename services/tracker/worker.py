"""Tracker over Kafka: submitted requests, commands, mail outcomes and dead letters come in, the history goes out."""

from collections.abc import Callable, Sequence
from functools import partial

from services.tracker.handle.on_request_command import command_reader, on_request_command
from services.tracker.handle.publish_history import HISTORY, history_publisher
from services.tracker.ledger.positions import position_keeper
from services.tracker.mails.on_mail_outcome import on_mail_outcome
from services.tracker.personal_data.encrypt_contents import encrypt_for_ever
from services.tracker.personal_data.keyring import Keyring, read_keyring
from services.tracker.register.from_intake import FromIntake, wait_for_unsigned_before
from services.tracker.register.on_request_submitted import on_request_submitted
from services.tracker.retention import remove_for_ever
from services.tracker.settings import Settings
from services.tracker.trouble.on_dead_letter import on_dead_letter
from shared.database.engine import BY_INDEX, Sessions, open_database
from shared.drafts import remove_old_drafts
from shared.events.topics import MAIL_OUTCOMES, SUBMITTED, dead_letter_topic
from shared.kafka.consume import BatchConsumer, Handler, read_event
from shared.kafka.keep_raw import RawConsumer
from shared.kafka.lag import LagReader
from shared.kafka.producer import EventProducer
from shared.process.logs import get_log
from shared.process.loops import run_together
from shared.process.run_worker import run_worker
from shared.settings import read_settings
from shared.web.health import Liveness

log = get_log(__name__)

DEAD_LETTERS = "tracker.dead-letters"
COMMANDS = "tracker.commands"


async def run(settings: Settings) -> None:
    """Work until cancelled; a loop that fails ends the process, which resumes where the offsets are."""
    keyring, dsn, kafka = (
        read_keyring(settings),
        settings.database_url.get_secret_value(),
        settings.kafka_connection,
    )
    consumed: dict[str, tuple[Sequence[str], Handler]] = {
        "tracker.submitted": ([SUBMITTED], partial(on_request_submitted, keyring=keyring)),
        COMMANDS: (tuple(settings.command_topics), partial(on_request_command, keyring=keyring)),
        "tracker.mail-outcomes": ([MAIL_OUTCOMES], on_mail_outcome),
    }
    liveness = Liveness(
        settings.liveness_file, (HISTORY.name, *(f"consume:{group}" for group in (*consumed, DEAD_LETTERS)))
    )
    async with (
        open_database(
            dsn, most=settings.database_connections, server_settings=BY_INDEX, try_first=False
        ) as sessions,
        EventProducer(kafka, "tracker-worker") as producer,
        LagReader(kafka) as lags,
    ):
        publisher = history_publisher(dsn, producer, liveness)
        loops = [
            publisher.run(),
            liveness.run(),
            remove_old_drafts(sessions),
            remove_for_ever(sessions),
            encrypt_for_ever(sessions, keyring.at_rest),
        ]
        for group, (topics, handler) in consumed.items():
            consumer = partial(
                BatchConsumer,
                kafka,
                group,
                topics,
                handler=handler,
                sessions=sessions,
                producer=producer,
                liveness=liveness,
                committed=publisher.wake,
                keep_position=position_keeper(group, lags.holds_records),
                read=command_reader(settings.command_topics) if group == COMMANDS else read_event,
            )
            loops.append(
                _consume_from_intake(consumer, group, keyring, sessions, liveness)
                if SUBMITTED in topics
                else consumer().run()
            )
        keep_dead_letters = partial(on_dead_letter, verifier=keyring.record_verifier)
        set_aside = [dead_letter_topic(topic) for topic in settings.main_topics]
        loops.append(
            RawConsumer(
                kafka,
                DEAD_LETTERS,
                set_aside,
                handler=keep_dead_letters,
                sessions=sessions,
                liveness=liveness,
            ).run()
        )
        log.info("worker_started")
        await run_together(*loops)


async def _consume_from_intake(
    consumer: Callable[..., BatchConsumer],
    group: str,
    keyring: Keyring,
    sessions: Sessions,
    liveness: Liveness,
) -> None:
    unsigned_before = await wait_for_unsigned_before(sessions, lambda: liveness.beat(f"consume:{group}"))
    await consumer(read=FromIntake(keyring.record_verifier, unsigned_before).read).run()


if __name__ == "__main__":
    run_worker(run, read_settings(Settings))
