"""An outbox to test, and `python -m tests.service.shared.outbox.outbox_process DSN BOOTSTRAP TOPIC`.

A process that publishes it.
"""

import asyncio
import signal
import sys
from functools import partial
from typing import TYPE_CHECKING

from shared.events.envelope import Message
from shared.kafka.connection import KafkaConnection
from shared.kafka.producer import EventProducer
from shared.outbox.entries import Entries
from shared.outbox.publish import Outbox, Publisher
from shared.process.logs import configure_logs
from shared.web.health import Liveness

if TYPE_CHECKING:
    import asyncpg

OLDER_LOCK = 77


def message(row: "asyncpg.Record") -> Message:
    return Message(str(row["request_id"]).encode(), row["value"], [("id", str(row["id"]).encode())])


ENTRIES = Outbox(
    name="entries",
    entries=Entries(
        table="entries", columns="request_id, value", message=message, published="delete from entries"
    ),
    crash_point="entries.after-ack",
    older_lock=OLDER_LOCK,
    most=50,
)


def publisher(dsn: str, producer: EventProducer, topic: str) -> Publisher:
    return Publisher(ENTRIES, dsn, partial(producer.send_all, topic, within=5), Liveness(None, ()))


async def publish(dsn: str, bootstrap: str, topic: str) -> None:
    async with EventProducer(KafkaConnection(bootstrap), "outbox-test") as producer:
        work = asyncio.ensure_future(publisher(dsn, producer, topic).run())
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, work.cancel)
        await asyncio.gather(work, return_exceptions=True)


if __name__ == "__main__":
    configure_logs("INFO")
    asyncio.run(publish(*sys.argv[1:]))
