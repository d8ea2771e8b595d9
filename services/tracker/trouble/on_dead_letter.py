"""Stores each dead letter for the operators, as it came, with its reason and its place in Kafka."""

import base64
import hashlib
from collections.abc import Mapping, Sequence
from datetime import datetime, timezone

from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from services.tracker.ledger.tables import request_id_of
from services.tracker.models import DeadLetter
from services.tracker.register.from_intake import FromIntake, read_unsigned_before
from shared.canary import is_canary
from shared.crypto.record_mac import RecordVerifier
from shared.events.event import time_that_can_be_kept
from shared.events.topics import SUBMITTED, dead_letter_topic
from shared.kafka.consume_raw import RawRecord
from shared.kafka.dead_letter import PART, PREFIX, is_part

SUFFIX = dead_letter_topic("")
UNKNOWN, UNREADABLE, NOT_FROM_INTAKE = "unknown", "unreadable", "not-from-intake"
REGISTRAR = "tracker.submitted"
MAX_NAME_LENGTH = 249
"""Kafka's limit for a topic; an index holds topic and group."""


async def on_dead_letter(
    session: AsyncSession, records: Sequence[RawRecord], *, verifier: RecordVerifier
) -> None:
    """Keep each dead letter once; one without our headers is kept as if it came from where it lies.

    An accepted request is known as one.
    """
    from_intake = FromIntake(verifier, await read_unsigned_before(session))
    rows = [
        row | {"accepted": _is_accepted(row, record, from_intake)}
        for record in records
        for row in [_row(record)]
    ]
    await session.execute(insert(DeadLetter).values(rows).on_conflict_do_nothing())


def _is_accepted(row: Mapping[str, object], record: RawRecord, from_intake: FromIntake) -> bool:
    """Return whether intake accepted what the dead letter holds.

    One that was cut to fit cannot be verified any more; its reader refused it for another reason than its
    sender, and had verified that first.
    """
    if row["origin_topic"] != SUBMITTED or row["request_id"] is None or is_canary(record.headers):
        return False
    headers = [(name, value) for name, value in record.headers if not name.startswith(PREFIX)]
    if from_intake.accepts(
        int(str(row["origin_partition"])), int(str(row["origin_offset"])), record.key, record.value, headers
    ):
        return True
    return (
        is_part(record.headers)
        and row["origin_group"] == REGISTRAR
        and row["reason"] not in {NOT_FROM_INTAKE, UNREADABLE}
    )


def _row(record: RawRecord) -> dict[str, object]:
    context = {
        name.removeprefix(PREFIX): _text(value) for name, value in record.headers if name.startswith(PREFIX)
    }
    kept = [
        [_printable(name), _base64(value)]
        for name, value in record.headers
        if name == PART or not name.startswith(PREFIX)
    ]
    return {
        "origin_topic": context.get("topic", "")[:MAX_NAME_LENGTH] or record.topic.removesuffix(SUFFIX),
        "origin_partition": _number(context.get("partition"), record.partition),
        "origin_offset": _number(context.get("offset"), record.offset),
        "origin_group": context.get("group", UNKNOWN)[:MAX_NAME_LENGTH],
        "digest": hashlib.sha256((record.key or b"") + b"\x00" + (record.value or b"")).digest(),
        "reason": context.get("reason", UNKNOWN),
        "detail": "; ".join(filter(None, (context.get("detail"), context.get(PART.removeprefix(PREFIX))))),
        "buried_at": _time(context.get("time")),
        "key": record.key,
        "value": record.value,
        "headers": kept,
        "request_id": request_id_of(record.key),
    }


def _base64(value: bytes | None) -> str | None:
    return None if value is None else base64.b64encode(value).decode()


def _text(value: bytes | None) -> str:
    return _printable((value or b"").decode(errors="replace"))[:500]


def _printable(text: str) -> str:
    return text.replace("\x00", "\ufffd")


def _number(text: str | None, otherwise: int) -> int:
    return (
        int(text) if text and text.isascii() and text.isdigit() and len(text) < len(str(2**31)) else otherwise
    )


def _time(text: str | None) -> datetime:
    try:
        time = time_that_can_be_kept(datetime.fromisoformat(text or ""))
    except ValueError:
        return datetime.now(timezone.utc)
    return time if time.tzinfo else time.replace(tzinfo=timezone.utc)
