"""Stores form drafts for a day, each encrypted under a key that only the browser has."""

import asyncio
import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Column, DateTime, Index, LargeBinary, MetaData, Table, delete, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from shared.crypto.box import Box, CannotDecrypt
from shared.crypto.keys import derive_key
from shared.database.engine import DATABASE_ERRORS, Sessions
from shared.process.logs import get_log

log = get_log(__name__)

KEEP_DRAFT = timedelta(days=1)
REMOVE_EVERY_SECONDS = 60
REMOVED_PER_BATCH = 1_000

# Migrations run these texts: change the table by another migration.
CREATE = (
    "create table drafts (id bytea primary key, box bytea not null, sent bytea, until timestamptz not null)",
    "create index drafts_until_idx on drafts (until)",
)
DROP = "drop table drafts"


def describe(metadata: MetaData) -> Table:
    """Add the table to a service's metadata.

    `sent` is a digest of the submission that ended the draft, `until` is when the row is removed.
    """
    return Table(
        "drafts",
        metadata,
        Column("id", LargeBinary, primary_key=True),
        Column("box", LargeBinary, nullable=False),
        Column("sent", LargeBinary),
        Column("until", DateTime(timezone=True), nullable=False),
        Index("drafts_until_idx", "until"),
    )


_drafts = describe(MetaData())


@dataclass(frozen=True, slots=True)
class DraftKey:
    """The row id and the encryption key of one draft, both derived from a secret of 32 bytes.

    The database does not hold the secret.
    """

    secret: bytes

    @property
    def id(self) -> bytes:
        """Return the row's id, which does not reveal the secret."""
        return derive_key(self.secret, b"asiointi/draft-id/1")

    def seal(self, content: dict[str, Any]) -> bytes:
        """Encrypt the content of a draft."""
        return self._box().encrypt(
            json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode(), self.id
        )

    def open(self, box: bytes) -> dict[str, Any] | None:
        """Decrypt a draft; `None` if it was not encrypted with this key."""
        try:
            content: dict[str, Any] = json.loads(self._box().decrypt(box, self.id))
        except (CannotDecrypt, ValueError):
            return None
        return content

    def _box(self) -> Box:
        return Box([derive_key(self.secret, b"asiointi/draft-key/1")])


async def find_draft(session: AsyncSession, keys: Sequence[DraftKey]) -> dict[str, Any] | None:
    """Return the draft of the first of the keys that has one."""
    known = _drafts.c.id.in_([key.id for key in keys]), _drafts.c.until > _now()
    boxes = {
        row.id: row.box for row in await session.execute(select(_drafts.c.id, _drafts.c.box).where(*known))
    }
    opened = (key.open(boxes[key.id]) for key in keys if key.id in boxes)
    return next((content for content in opened if content is not None), None)


async def keep_draft(
    session: AsyncSession, key: DraftKey, content: dict[str, Any], sending: str = ""
) -> bool:
    """Store a draft for a day; returns true if it was stored. `sending` names its future submission.

    After that submission the draft is not stored: a browser's last save may arrive after the form itself.
    """
    statement = insert(_drafts).values(id=key.id, box=key.seal(content), until=_now() + KEEP_DRAFT)
    newer = {"box": statement.excluded.box, "sent": None, "until": statement.excluded.until}
    over = _drafts.c.sent.is_distinct_from(_digest(sending))
    return (
        await session.scalar(
            statement.on_conflict_do_update(index_elements=["id"], set_=newer, where=over).returning(
                _drafts.c.id
            )
        )
        is not None
    )


async def end_draft(
    session: AsyncSession,
    key: DraftKey,
    content: dict[str, Any],
    sending: str,
    *,
    is_another: Callable[[dict[str, Any]], bool] = lambda _: False,
) -> None:
    """Replace a draft by a mark that it was submitted, and as what.

    If the stored draft `is_another`, begun in another tab, it is kept and only the submission is marked.
    """
    box = await session.scalar(
        select(_drafts.c.box).where(_drafts.c.id == key.id, _drafts.c.until > _now()).with_for_update()
    )
    kept = key.open(box) if box is not None else None
    if kept is not None and is_another(kept):
        await session.execute(update(_drafts).where(_drafts.c.id == key.id).values(sent=_digest(sending)))
        return
    statement = insert(_drafts).values(
        id=key.id, box=key.seal(content), sent=_digest(sending), until=_now() + KEEP_DRAFT
    )
    newer = {name: statement.excluded[name] for name in ("box", "sent", "until")}
    await session.execute(statement.on_conflict_do_update(index_elements=["id"], set_=newer))


async def forget_drafts(session: AsyncSession, keys: Sequence[DraftKey]) -> None:
    """Remove drafts and their marks."""
    await session.execute(delete(_drafts).where(_drafts.c.id.in_([key.id for key in keys])))


async def remove_old_drafts(sessions: Sessions) -> None:
    """Remove drafts older than a day, every minute, for ever."""
    while True:
        try:
            while await _remove_some(sessions) == REMOVED_PER_BATCH:
                pass
        except DATABASE_ERRORS as error:
            log.warning("drafts_not_removed", error=type(error).__name__)
        await asyncio.sleep(REMOVE_EVERY_SECONDS)


async def _remove_some(sessions: Sessions) -> int:
    old = (
        select(_drafts.c.id)
        .where(_drafts.c.until <= _now())
        .limit(REMOVED_PER_BATCH)
        .with_for_update(skip_locked=True)
    )
    async with sessions.begin() as session:
        removed = await session.execute(delete(_drafts).where(_drafts.c.id.in_(old)).returning(_drafts.c.id))
        return len(removed.all())


def _digest(sending: str) -> bytes:
    return hashlib.sha256(sending.encode()).digest()[:16]


def _now() -> datetime:
    return datetime.now(UTC)
