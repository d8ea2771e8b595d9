"""A record could never succeed somewhere: keep it for the operators, as it came, with the reason and where it was."""

import base64
import hashlib
from collections.abc import Sequence
from datetime import datetime, timezone

from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from services.tracker.models import DeadLetter
from shared.events.topics import dead_letter_topic
from shared.kafka.dead_letter import PART, PREFIX
from shared.kafka.keep_raw import RawRecord

SUFFIX = dead_letter_topic("")
UNKNOWN = "unknown"


async def on_dead_letter(session: AsyncSession, records: Sequence[RawRecord]) -> None:
    """Keep each dead letter once; one without our headers is kept as if it came from where it lies."""
    await session.execute(insert(DeadLetter).values([_row(record) for record in records]).on_conflict_do_nothing())


def _row(record: RawRecord) -> dict[str, object]:
    context = {name.removeprefix(PREFIX): _text(value) for name, value in record.headers if name.startswith(PREFIX)}
    kept = [[_printable(name), _base64(value)] for name, value in record.headers if name == PART or not name.startswith(PREFIX)]
    return {
        "origin_topic": context.get("topic") or record.topic.removesuffix(SUFFIX),
        "origin_partition": _number(context.get("partition"), record.partition),
        "origin_offset": _number(context.get("offset"), record.offset),
        "origin_group": context.get("group", UNKNOWN),
        "digest": hashlib.sha256((record.key or b"") + b"\x00" + (record.value or b"")).digest(),
        "reason": context.get("reason", UNKNOWN),
        "detail": "; ".join(filter(None, (context.get("detail"), context.get(PART.removeprefix(PREFIX))))),
        "buried_at": _time(context.get("time")),
        "key": record.key,
        "value": record.value,
        "headers": kept,
    }


def _base64(value: bytes | None) -> str | None:
    return None if value is None else base64.b64encode(value).decode()


def _text(value: bytes | None) -> str:
    return _printable((value or b"").decode(errors="replace"))[:500]


def _printable(text: str) -> str:
    return text.replace("\x00", "\ufffd")


def _number(text: str | None, otherwise: int) -> int:
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < len(str(2**31)) else otherwise


def _time(text: str | None) -> datetime:
    try:
        time = datetime.fromisoformat(text or "")
    except ValueError:
        return datetime.now(timezone.utc)
    return time if time.tzinfo else time.replace(tzinfo=timezone.utc)
