"""Somebody who writes what nobody can read straight onto the topics."""

import asyncio
import json
import random
import time
from uuid import UUID

from proof.chaos.clients.to_kafka import Headers, context, produce
from proof.chaos.journal import Journal
from shared.kafka.connection import KafkaConnection

MARK = "poison"
"""Every such record's key begins with this, so that the auditor finds it on its topic and among the dead letters."""
TYPES = {
    "requests.submitted": "request.submitted.v1",
    "requests.lifecycle": "request.registered.v1",
    "requests.commands": "request.take.v1",
    "mail.outcomes": "mail.sent.v1",
}
KINDS = ("bytes", "no-json", "unknown-type", "wrong-fields", "tombstone", "unopenable")


async def send_poison(kafka: KafkaConnection, seed: int, count: int, seconds: float, journal: Journal) -> None:
    """Send `count` records over about `seconds`."""
    chance = random.Random(f"poison {seed}")  # noqa: S311  reproducible on purpose
    for number in range(count):
        await asyncio.sleep(seconds / count)
        topic, kind = chance.choice(sorted(TYPES)), chance.choice(KINDS)
        key = f"{MARK}-{seed}-{number}"
        value, headers = _record(topic, kind, UUID(int=chance.getrandbits(128), version=4), chance)
        sent_at = time.time()
        try:
            await produce(kafka, topic, key.encode(), value, headers)
            told = "accepted"
        except TimeoutError:
            told = "unknown"
        journal.write("poison", key=key, topic=topic, what=kind, told=told, sent_at=sent_at, told_at=time.time())


def _record(topic: str, kind: str, request_id: UUID, chance: random.Random) -> tuple[bytes | None, Headers]:
    headers = context(TYPES[topic], f"{MARK}-{request_id}")
    match kind:
        case "bytes":
            return chance.randbytes(40), []
        case "no-json":
            return b"{half an obj", headers
        case "unknown-type":
            return b"{}", context("request.never_heard_of.v9", f"{MARK}-{request_id}")
        case "tombstone":
            return None, headers
        case "unopenable" if topic == "requests.submitted":
            return json.dumps(_unopenable(request_id)).encode(), headers
        case _:
            return json.dumps({"request_id": str(request_id), "service": 7}).encode(), headers


def _unopenable(request_id: UUID) -> dict[str, object]:
    """Give a submission with everything right but its sealed parts."""
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
