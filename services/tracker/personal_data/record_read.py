"""Writes the log of reads: who was shown which requests, and why.

It is written in the transaction of the read: without the entry nothing is shown.
"""

import hashlib
import hmac
from collections.abc import Sequence
from datetime import datetime, timezone
from typing import Literal, TypeAlias
from uuid import UUID

from pydantic_core import to_json
from sqlalchemy.ext.asyncio import AsyncSession

from services.tracker.domain import Action, By
from services.tracker.models import Read
from shared.text.typed_text import visible

Purpose: TypeAlias = (
    Literal["opened", "revealed", "search", "list", "failed-mails", "returned-mails"] | Action
)
"""An action: the answer to that command showed who asks."""
WORDS_BYTES = 16


async def record_read(
    session: AsyncSession,
    key: bytes,
    by: By,
    purpose: Purpose,
    request_ids: Sequence[UUID],
    *,
    reason: str | None = None,
    words: str | None = None,
) -> None:
    """Record in the session's transaction that somebody is shown these requests.

    The words of a search are kept as a hash under `key`.
    """
    read = Read(
        read_at=datetime.now(timezone.utc),
        reader_kind=by.kind,
        reader=by.name or "",
        purpose=purpose,
        reason=reason,
        request_ids=list(request_ids),
        words=hash_words(key, words) if words else None,
        mac=b"",
    )
    read.mac = mac_of(key, read)
    session.add(read)
    await session.flush()


def hash_words(key: bytes, words: str) -> bytes:
    """Return the same value for two searches for the same words, in upper or lower case."""
    return hmac.digest(key, b"words/" + " ".join(visible(words).casefold().split()).encode(), hashlib.sha256)[
        :WORDS_BYTES
    ]


def mac_of(key: bytes, read: Read) -> bytes:
    """Return HMAC-SHA256 over what an entry says."""
    ids = [str(each) for each in read.request_ids]
    moment = read.read_at.astimezone(timezone.utc).isoformat()
    says = [
        moment,
        read.reader_kind,
        read.reader,
        read.purpose,
        read.reason,
        ids,
        read.words.hex() if read.words else None,
    ]
    return hmac.digest(key, b"read/" + to_json(says), hashlib.sha256)
