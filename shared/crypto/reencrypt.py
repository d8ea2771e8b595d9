"""Encrypts stored boxes again under the newest key, while services run, so that older keys can go."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import text

from shared.crypto.box import Box, CannotDecrypt
from shared.database.engine import Sessions

ROWS_PER_BATCH = 500


@dataclass(frozen=True, slots=True)
class BoxColumn:
    """A column of boxes. `key` identifies a row and has type `key_type`.

    `context` is SQL for a box's context as bytes.

    `having` is the condition of the partial index on `key`, if there is no full one. All of it comes from our
    code and is inserted into SQL unchanged.
    """

    table: str
    column: str
    key: str
    key_type: str
    context: str
    having: str = "true"

    @property
    def page(self) -> str:
        """Return SQL that reads a bounded number of rows, however few of them hold a box."""
        return f"""
            select {self.key} as key, {self.column} as box, {self.context} as context from {self.table}
            where (cast(:after as {self.key_type}) is null or {self.key} > cast(:after as {self.key_type}))
                and {self.having}
            order by {self.key} limit :most
        """  # noqa: S608  made of our own words

    @property
    def exchange(self) -> str:
        """Return SQL that replaces boxes unless they were changed meanwhile; skips locked rows."""
        return f"""
            with given as (
                select * from unnest(
                    cast(:keys as {self.key_type}[]), cast(:olds as bytea[]), cast(:news as bytea[])
                ) as given (key, old, new)
            ), free as (
                select {self.key} as key from {self.table}
                where {self.key} in (select key from given) and {self.having}
                for update skip locked
            ), changed as (
                update {self.table} set {self.column} = given.new from given join free using (key)
                where {self.table}.{self.key} = given.key and {self.table}.{self.column} = given.old
                    and {self.having}
                returning 1
            )
            select count(*) from changed
        """  # noqa: S608  as above


@dataclass(slots=True)
class Done:
    """How many boxes were encrypted again, are still under an older key, or open under no known key."""

    changed: int = 0
    left: int = 0
    unreadable: int = 0


async def reencrypt(sessions: Sessions, box: Box, columns: Sequence[BoxColumn]) -> Done:
    """Process the tables once, in small transactions.

    Repeat it until `left` is 0: rows that were locked meanwhile are skipped.
    """
    done = Done()
    for column in columns:
        after: object = None
        while True:
            async with sessions.begin() as session:
                rows = (
                    await session.execute(text(column.page), {"after": after, "most": ROWS_PER_BATCH})
                ).all()
                old = [row for row in rows if row.box is not None and not box.is_under_newest(row.box)]
                again = [
                    (row.key, row.box, new) for row in old if (new := _reencrypted(box, row.box, row.context))
                ]
                done.unreadable += len(old) - len(again)
                if again:
                    keys, olds, news = map(list, zip(*again, strict=True))
                    values = {"keys": keys, "olds": olds, "news": news}
                    changed = await session.scalar(text(column.exchange), values) or 0
                    done.changed += changed
                    done.left += len(again) - changed
            if not rows:
                break
            after = rows[-1].key
    return done


def _reencrypted(box: Box, old: bytes, context: bytes) -> bytes | None:
    try:
        return box.encrypt(box.decrypt(old, context), context)
    except CannotDecrypt:
        return None


def summarize(done: Done) -> str:
    """Return the counts as a sentence."""
    counts = (
        f"{done.changed} encrypted again, {done.left} left under an older key, {done.unreadable} open "
        "under none."
    )
    return counts if done.left or done.unreadable else f"{counts} Nothing is left under an older key."
