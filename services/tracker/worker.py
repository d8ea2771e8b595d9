"""The worker of tracker: reads requests, commands, mail outcomes, dead letters; publishes the history."""

from functools import partial

from services.tracker.handle.on_request_command import command_reader, on_request_command
from services.tracker.handle.publish_history import HISTORY, history_publisher
from services.tracker.ledger.positions import position_keeper
from services.tracker.mails.on_mail_outcome import on_mail_outcome
from services.tracker.personal_data.encrypt_contents import encrypt_for_ever
from services.tracker.personal_data.keyring import read_keyring
from services.tracker.register.from_intake import from_intake
from services.tracker.register.on_request_submitted import on_request_submitted
from services.tracker.retention import remove_for_ever
from services.tracker.settings import Settings
from services.tracker.trouble.on_dead_letter import on_dead_letter
from shared.drafts import remove_old_drafts
from shared.events.topics import MAIL_OUTCOMES, SUBMITTED, dead_letter_topic
from shared.kafka.lag import LagReader
from shared.kafka.worker import open_worker
from shared.process.run_worker import run_worker
from shared.settings import read_settings


async def run(settings: Settings) -> None:
    """Work until cancelled; a loop that fails ends the process, which resumes where the offsets are."""
    keys, commands, kafka = read_keyring(settings), settings.command_topics, settings.kafka_connection
    set_aside = [dead_letter_topic(topic) for topic in settings.main_topics]
    async with open_worker(settings, "tracker-worker") as worker, LagReader(kafka) as lags:
        history = history_publisher(worker.dsn, worker.producer, worker.liveness)
        worker.committed = history.wake
        worker.keep_position = partial(position_keeper, holds_records=lags.holds_records)
        submitted, verifier = partial(on_request_submitted, keyring=keys), keys.record_verifier
        commanded = partial(on_request_command, keyring=keys)
        worker.consume("tracker.submitted", [SUBMITTED], submitted, wait_for_reader=from_intake(verifier))
        worker.consume("tracker.commands", [*commands], commanded, read=command_reader(commands))
        worker.consume("tracker.mail-outcomes", [MAIL_OUTCOMES], on_mail_outcome)
        worker.keep_raw("tracker.dead-letters", set_aside, partial(on_dead_letter, verifier=verifier))
        worker.add(history.run(), watched=HISTORY.name)
        worker.add(remove_old_drafts(worker.sessions), remove_for_ever(worker.sessions))
        worker.add(encrypt_for_ever(worker.sessions, keys.at_rest))
        await worker.run()


if __name__ == "__main__":
    run_worker(run, read_settings(Settings))
