"""Verifies the chained log of reads: `python -m services.tracker.check_reads [POSITION:LINK …]`.

Each argument is a position and its link as they were logged (`reads_chained`) or printed earlier: they show
whether entries were taken off the end since, or the whole log was rewritten by somebody who has the key.
"""

import asyncio
import sys
from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col, select

from services.tracker.models import Read
from services.tracker.personal_data.chain_reads import link_of
from services.tracker.personal_data.keyring import read_keyring
from services.tracker.personal_data.record_read import mac_of
from services.tracker.settings import Settings
from shared.database.engine import Sessions, open_database
from shared.settings import read_settings

BATCH_SIZE = 1_000


@dataclass(frozen=True, slots=True)
class Checked:
    """How far the chain holds, and where it is broken.

    `position` and `link` are the last valid entry, `waiting` counts entries that are not joined yet.
    """

    position: int
    link: bytes
    unchained: int
    broken: str | None = None


async def check_reads(sessions: Sessions, key: bytes, known: Mapping[int, bytes] | None = None) -> Checked:
    """Go through the whole log; `known` are links that must be at their positions."""
    position, link, broken = 0, b"", None
    known = dict(known or {})
    async with sessions() as session:
        while broken is None and (page := await _after(session, position)):
            for read in page:
                broken = _broken(key, read, position + 1, link, known.pop(position + 1, None))
                if broken:
                    break
                position, link = position + 1, read.link or b""
        waiting = (
            await session.scalars(select(Read).where(col(Read.position).is_(None)).order_by(col(Read.id)))
        ).all()
    if broken is None and known:
        broken = f"position {min(known)}: the chain was known to be that long, and ends at {position}"
    if broken is None:
        broken = next(
            (
                f"id {read.id}, not joined yet: it was changed"
                for read in waiting
                if read.mac != mac_of(key, read)
            ),
            None,
        )
    return Checked(position, link, len(waiting), broken)


async def _after(session: AsyncSession, position: int) -> list[Read]:
    found = await session.scalars(
        select(Read).where(col(Read.position) > position).order_by(col(Read.position)).limit(BATCH_SIZE)
    )
    return list(found)


def _broken(key: bytes, read: Read, position: int, before: bytes, known: bytes | None) -> str | None:
    if read.position != position:
        return f"position {position}: the entry is missing; the next is {read.position} (id {read.id})"
    if read.mac != mac_of(key, read):
        return f"position {position} (id {read.id}): the entry was changed"
    if read.link != link_of(key, position, before, read.mac):
        return f"position {position} (id {read.id}): the entry does not follow the one before it"
    if known not in {None, read.link}:
        return f"position {position} (id {read.id}): the link is another than the one that was known"
    return None


def said(checked: Checked) -> str:
    """Put what was found into words."""
    held = f"{checked.position} reads hold, the last is {checked.position}:{checked.link.hex()}"
    return (
        f"Broken at {checked.broken}. {held}."
        if checked.broken
        else f"{held}; {checked.unchained} are not joined yet."
    )


def read_known(arguments: list[str]) -> dict[int, bytes]:
    """Read `POSITION:LINK` arguments; raises `ValueError`."""
    return {
        int(position): bytes.fromhex(link)
        for position, _, link in (each.partition(":") for each in arguments)
        if int(position)
    }


async def run(settings: Settings, known: Mapping[int, bytes]) -> Checked:
    """Check the log of the settings' database."""
    async with open_database(settings.database_url.get_secret_value()) as sessions:
        return await check_reads(sessions, read_keyring(settings).reads_key, known)


if __name__ == "__main__":
    outcome = asyncio.run(run(read_settings(Settings), read_known(sys.argv[1:])))
    print(said(outcome))  # noqa: T201  a command's answer
    sys.exit(bool(outcome.broken))
