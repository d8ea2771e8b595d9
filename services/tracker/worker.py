"""The worker of tracker: reads requests, commands, mail outcomes, dead letters; publishes the history."""

from functools import partial

from services.tracker.clean_up import clean_up_loops
from services.tracker.handle.on_request_command import command_reader, on_request_command
from services.tracker.handle.publish_history import history_publisher
from services.tracker.ledger.positions import position_keeper
from services.tracker.mails.on_mail_outcome import on_mail_outcome
from services.tracker.personal_data.keyring import read_keyring
from services.tracker.register.from_intake import from_intake
from services.tracker.register.on_request_submitted import on_request_submitted
from services.tracker.settings import Settings
from services.tracker.trouble.on_dead_letter import on_dead_letter
from shared.events.topics import MAIL_OUTCOMES, SUBMITTED, dead_letter_topic
from shared.kafka.lag import LagReader
from shared.kafka.worker import open_worker
from shared.process.run_worker import run_worker
from shared.settings import read_settings


async def run(settings: Settings) -> None:
    """Work until cancelled; a loop that fails ends the process, which resumes where the offsets are."""
    keys, commands, kafka = read_keyring(settings), settings.command_topics, settings.kafka_connection
    async with open_worker(settings, "tracker-worker") as worker, LagReader(kafka) as lags:
        worker.committed = worker.publish(history_publisher).wake
        worker.keep_position = partial(position_keeper, holds_records=lags.holds_records)
        submitted = partial(on_request_submitted, keyring=keys)
        commanded = partial(on_request_command, keyring=keys)
        worker.consume("tracker.submitted", [SUBMITTED], submitted, reader=from_intake(keys.record_verifier))
        worker.consume("tracker.commands", [*commands], commanded, read=command_reader(commands))
        worker.consume("tracker.mail-outcomes", [MAIL_OUTCOMES], on_mail_outcome)
        set_aside = partial(on_dead_letter, verifier=keys.record_verifier)
        worker.consume_raw("tracker.dead-letters", [*map(dead_letter_topic, settings.main_topics)], set_aside)
        worker.add(*clean_up_loops(worker.sessions, keys.at_rest))
        await worker.run()


if __name__ == "__main__":
    run_worker(run, read_settings(Settings))
