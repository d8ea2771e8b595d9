"""Writes invalid records directly to topics: undecodable ones, and submissions that intake never saw."""

import asyncio
import json
import random
import time
from typing import NamedTuple
from uuid import UUID

from aiokafka.errors import KafkaError

from proof.chaos.clients.raw_batches import RawProducer, batch, record
from proof.chaos.clients.to_kafka import SEND_SECONDS, Headers, context, produce
from proof.chaos.journal import Journal
from shared.crypto.sealing import Sealer
from shared.kafka.connection import KafkaConnection

MARK = "poison"
"""The prefix of every such record's key, by which the auditor finds it."""
TYPES = {
    "requests.submitted": "request.submitted.v1",
    "requests.lifecycle": "request.registered.v1",
    "requests.commands": "request.take.v1",
    "mail.outcomes": "mail.sent.v1",
}
KINDS = ("bytes", "no-json", "unknown-type", "wrong-fields", "tombstone", "oversized", "compressed")
KINDS_OF_SUBMISSIONS = ("unopenable", "forged")
PERSON = {
    "first_name": "Väärä",
    "last_name": "Henkilö",
    "personal_identity_code": "131052-308T",
    "email": "forged@chaos.example",
}
UNREADABLE = ("undecodable", "header-not-text")
"""Records that no client library can read; known by their place only."""
ROLLED_BACK = "rolled-back"
"""A record of an aborted transaction: it must neither have an effect nor become a dead letter."""
NEARLY_TOO_LARGE = 1_048_000
VALUES = {"no-json": b"{half an obj", "oversized": b"x" * NEARLY_TOO_LARGE, "tombstone": None}
PARTITIONS = 6
ZSTD = 4


class Readers(NamedTuple):
    """The readers whose public keys anybody can seal to."""

    tracker: Sealer
    notifier: Sealer


async def send_poison(
    kafka: KafkaConnection, readers: Readers, seed: int, count: int, seconds: float, journal: Journal
) -> None:
    """Send `count` records over about `seconds`."""
    chance = random.Random(f"poison {seed}")  # noqa: S311  reproducible on purpose
    for number in range(count):
        await asyncio.sleep(seconds / count)
        topic, kind = (
            chance.choice(sorted(TYPES)),
            chance.choice((*KINDS, *KINDS_OF_SUBMISSIONS, *UNREADABLE, ROLLED_BACK)),
        )
        if kind in KINDS_OF_SUBMISSIONS:
            topic = "requests.submitted"
        key, request_id = f"{MARK}-{seed}-{number}", UUID(int=chance.getrandbits(128), version=4)
        sent_at, place = time.time(), None
        try:
            if kind in UNREADABLE:
                place = await _send_unreadable(kafka, topic, kind, key.encode(), chance)
            else:
                value, headers = _record(topic, kind, request_id, chance, readers)
                await _send(kafka, topic, kind, key, value, headers)
            reply = "accepted"
        except TimeoutError:
            reply = "unknown"
        if kind != ROLLED_BACK:
            journal.write(
                "poison",
                key=key,
                topic=topic,
                what=kind,
                place=place,
                reply=reply,
                sent_at=sent_at,
                answered_at=time.time(),
            )


async def _send(
    kafka: KafkaConnection, topic: str, kind: str, key: str, value: bytes | None, headers: Headers
) -> None:
    if kind == ROLLED_BACK:
        await produce(kafka, topic, f"{kind}-{key}".encode(), value, headers, rolled_back=True)
    else:
        await produce(
            kafka, topic, key.encode(), value, headers, compression="lz4" if kind == "compressed" else None
        )


async def _send_unreadable(
    kafka: KafkaConnection, topic: str, kind: str, key: bytes, chance: random.Random
) -> tuple[int, int]:
    """Write a batch of one record that no client can read; returns its partition and offset.

    Raises `TimeoutError` as `produce` does.
    """
    partition = chance.randrange(PARTITIONS)
    content = (
        batch(chance.randbytes(60), codec=ZSTD)
        if kind == "undecodable"
        else batch(record(key, b"{}", [(b"\xff\xfe", b"x")]))
    )
    try:
        async with asyncio.timeout(SEND_SECONDS), RawProducer(kafka) as raw:
            code = await raw.send(topic, partition, content)
    except (KafkaError, OSError) as error:
        raise TimeoutError from error
    if code:
        raise TimeoutError
    return partition, raw.offset


def _record(
    topic: str, kind: str, request_id: UUID, chance: random.Random, readers: Readers
) -> tuple[bytes | None, Headers]:
    headers = context(TYPES[topic], f"{MARK}-{request_id}")
    match kind:
        case "bytes":
            return chance.randbytes(40), []
        case "no-json" | "oversized" | "tombstone":
            return VALUES[kind], headers
        case "unknown-type":
            return b"{}", context("request.never_heard_of.v9", f"{MARK}-{request_id}")
        case "unopenable":
            event = _submission(request_id)
        case "forged":
            event = _submission(request_id) | _sealed(request_id, readers)
        case _:
            event = {"request_id": str(request_id), "service": 7}
    return json.dumps(event).encode(), headers


def _sealed(request_id: UUID, readers: Readers) -> dict[str, str]:
    """Seal a form and a contact as intake does, for a person with strong identification."""
    form, contact = (
        json.dumps({"person": PERSON, "answers": []}).encode(),
        json.dumps({"email": PERSON["email"]}).encode(),
    )
    return {
        "authentication": "strong",
        "sealed_form": readers.tracker.seal(form, purpose="form", request_id=request_id),
        "sealed_contact": readers.notifier.seal(contact, purpose="contact", request_id=request_id),
    }


def _submission(request_id: UUID) -> dict[str, object]:
    """Return a submission that is valid except for its sealed parts."""
    return {
        "request_id": str(request_id),
        "service": "pyyda-laskukopio",
        "service_title": "Pyydä laskukopio",
        "service_title_fi": "Pyydä laskukopio",
        "role": "person",
        "language": "fi",
        "authentication": "none",
        "channel": "api",
        "queue": "laskutus",
        "due_at": "2030-01-01T00:00:00+00:00",
        "retention_days": 10,
        "submitted_at": "2026-01-01T00:00:00+00:00",
        "body_digest": "00" * 16,
        "sealed_form": "00000000.AAAA",
        "sealed_contact": "00000000.AAAA",
    }
