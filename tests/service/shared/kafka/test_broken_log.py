"""What breaks on a broker's disk holds up nobody either."""

import struct
from collections.abc import Callable, Mapping
from pathlib import Path
from uuid import uuid4

from proof.chaos.clients.raw_batches import with_checksum
from shared.database.engine import Sessions
from shared.events.topics import COMMANDS, DAY_MS, Topic, dead_letter_topic
from shared.kafka.lag import LagReader
from shared.kafka.producer import EventProducer
from shared.kafka.topics import ensure_topics
from tests.eventually import eventually
from tests.follow_topic import followed_records
from tests.service.intake.own_kafka import own_kafka
from tests.service.shared.running_consumer import (
    dead_letters,
    has_handled,
    insert_handled,
    running_consumer,
    take_command,
)

MAGIC, ATTRIBUTES = 16, 21
TOPIC = "broken"


def flipped(batch: bytes) -> bytes:
    return batch[:-20] + bytes([batch[-20] ^ 0xFF]) + batch[-19:]


def of_an_unknown_codec(batch: bytes) -> bytes:
    return with_checksum(batch[:ATTRIBUTES] + b"\x00\x05" + batch[ATTRIBUTES + 2 :])


def of_a_compression_that_it_has_not(batch: bytes) -> bytes:
    return with_checksum(batch[:ATTRIBUTES] + b"\x00\x04" + batch[ATTRIBUTES + 2 :])


def of_another_format(batch: bytes) -> bytes:
    return batch[:MAGIC] + b"\x03" + batch[MAGIC + 1 :]


BREAKS: Mapping[int, Callable[[bytes], bytes]] = {
    1: flipped,
    3: of_an_unknown_codec,
    4: of_a_compression_that_it_has_not,
    6: of_another_format,
}


def break_batches(log: Path) -> None:
    """Break batches of a segment by the offset that each begins at."""
    data, at, found = log.read_bytes(), 0, b""
    while at < len(data):
        offset, length = struct.unpack_from(">qi", data, at)
        batch = data[at : at + 12 + length]
        found += BREAKS.get(offset, bytes)(batch)
        at += len(batch)
    assert len(found) == len(data)
    log.write_bytes(found)


async def test_batches_that_broke_on_the_disk_are_set_aside(tmp_path: Path, sessions: Sessions) -> None:
    ids = [uuid4() for _ in range(8)]
    async with own_kafka(tmp_path) as broker:
        kafka = broker.connection
        await ensure_topics(kafka, [Topic(TOPIC, 1, DAY_MS), Topic(dead_letter_topic(TOPIC), 1, DAY_MS)])
        async with EventProducer(kafka, "test") as producer:
            for each in ids:
                await producer.send(TOPIC, take_command(each))
        await broker.stop()
        break_batches(tmp_path / "log" / f"{TOPIC}-0" / "00000000000000000000.log")
        await broker.start()
        whole = [each for place, each in enumerate(ids) if place not in BREAKS]
        async with (
            EventProducer(kafka, "test") as producer,
            running_consumer(kafka, TOPIC, insert_handled, sessions, producer),
        ):
            await eventually(has_handled(sessions, whole), 20)
        letters = await dead_letters(kafka, TOPIC)
        assert [int(dict(letter.headers)["dead_letter_offset"]) for letter in letters] == list(BREAKS)
        assert {dict(letter.headers)["dead_letter_reason"] for letter in letters} == {b"unreadable"}
        async with followed_records(kafka, TOPIC) as followed:

            async def seen() -> bool:
                return [each.key for each in followed] == [str(each).encode() for each in whole]

            await eventually(seen)
        async with LagReader(kafka) as lags:
            assert await lags.read({f"group-{TOPIC}": [TOPIC]}) == []
            assert await lags.read({"nobody": [TOPIC, COMMANDS]})
            messages, kept = await lags.records_between(TOPIC, 0, 0, len(ids))
            assert (len(messages), kept) == (len(ids), True)
