"""The worker of notifier: reads lifecycle events, delivers over every channel, and publishes the outcomes."""

from functools import partial

from services.notifier.channels import CHANNELS
from services.notifier.mail.mail_channel import MAIL
from services.notifier.on_request_lifecycle import lifecycle_handler
from services.notifier.queue.dispatch import Dispatcher, loop_of
from services.notifier.queue.publish_outcomes import outcome_publisher
from services.notifier.retention import forget_for_ever
from services.notifier.settings import Settings
from shared.events.topics import LIFECYCLE
from shared.kafka.worker import open_worker
from shared.process.run_worker import run_worker
from shared.settings import read_settings


async def run(settings: Settings) -> None:
    """Work until cancelled; a loop that fails ends the process, which resumes where offsets and rows are."""
    channels = [make(settings) for make in CHANNELS]
    async with open_worker(settings, "notifier-worker") as worker:
        outcome_of = {channel.name: channel.outcome for channel in channels}
        outcomes = worker.publish(partial(outcome_publisher, outcome_of=outcome_of))
        hand_over = {}
        for channel in channels:
            dispatcher = Dispatcher(channel, worker.sessions, worker.dsn, outcomes_written=outcomes.wake)
            hand_over[channel.name] = dispatcher.hand_over
            worker.add(dispatcher.run(worker.liveness), watched=loop_of(channel))
        worker.add(forget_for_ever(worker.sessions, settings.keep_days))
        worker.consume("notifier", [LIFECYCLE], lifecycle_handler(settings, hand_over[MAIL]))
        await worker.run()


if __name__ == "__main__":
    run_worker(run, read_settings(Settings))
