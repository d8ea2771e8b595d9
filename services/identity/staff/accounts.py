"""Keeps the staff accounts in step with the settings, and checks their passwords (argon2id)."""

import asyncio
from collections.abc import Iterable
from uuid import uuid4

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from sqlalchemy import delete, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col, select

from services.identity.models import Staff, utc_now
from services.identity.settings import StaffAccount, plain_username
from shared.database.engine import Sessions
from shared.process.logs import get_log
from shared.text.kept_text import can_be_kept

log = get_log(__name__)

HASHER = PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1)
"""OWASP's parameters: 19 MiB per hash, so that many logins at once do not fill the memory."""
DUMMY_HASH = "$argon2id$v=19$m=19456,t=2,p=1$YXNpb2ludGlub2JvZHk$qJ9o7SmDEVsWZdrmOYg7YNmdNkqmTgDbQhQpjUTCTns"
"""Compared with when a name is unknown, so that it takes as long as a wrong password; matches none."""


async def apply_settings(sessions: Sessions, accounts: Iterable[StaffAccount]) -> None:
    """Make the table hold exactly these accounts: add, change, and remove those that are no longer named.

    Passwords are hashed outside of transactions, because that is slow. Processes that start at the same time
    do the same work; the result is the same.
    """
    named = {account.username: account for account in accounts}
    async with sessions.begin() as session:
        for removed in await session.scalars(
            delete(Staff).where(col(Staff.username).not_in(named)).returning(col(Staff.id))
        ):
            log.info("staff_removed", staff_id=str(removed))
        known = {staff.username: staff for staff in await session.scalars(select(Staff))}
    for username, account in named.items():
        staff = known.get(username)
        if staff is None:
            await _add(sessions, account)
        else:
            await _change(sessions, staff, account)


async def _add(sessions: Sessions, account: StaffAccount) -> None:
    password_hash = await _hash(account.password.get_secret_value())
    row = {
        "id": uuid4(),
        "username": account.username,
        "password_hash": password_hash,
        "name": account.name,
        "created_at": utc_now(),
    }
    async with sessions.begin() as session:
        await session.execute(insert(Staff).values(**row, roles=list(account.roles)).on_conflict_do_nothing())
    log.info("staff_added", roles=list(account.roles))


async def _change(sessions: Sessions, staff: Staff, account: StaffAccount) -> None:
    password = account.password.get_secret_value()
    changed: dict[str, object] = {}
    if not await is_password_of(staff, password) or HASHER.check_needs_rehash(staff.password_hash):
        changed["password_hash"] = await _hash(password)
    changed |= {
        name: value
        for name, value in (("name", account.name), ("roles", list(account.roles)))
        if getattr(staff, name) != value
    }
    if changed:
        async with sessions.begin() as session:
            await session.execute(update(Staff).where(col(Staff.id) == staff.id).values(**changed))
        log.info("staff_changed", staff_id=str(staff.id), changed=sorted(changed))


async def _hash(password: str) -> str:
    return await asyncio.to_thread(HASHER.hash, password)


async def find_staff(session: AsyncSession, username: str) -> Staff | None:
    """Return the account with this name, or None."""
    if not can_be_kept(username):
        return None
    staff: Staff | None = await session.scalar(
        select(Staff).where(col(Staff.username) == plain_username(username))
    )
    return staff


async def is_password_of(staff: Staff | None, password: str) -> bool:
    """Return whether the password is right; without an account it takes as long and is False."""
    return (
        await asyncio.to_thread(_is_right, staff.password_hash if staff else DUMMY_HASH, password)
        and staff is not None
    )


def _is_right(password_hash: str, password: str) -> bool:
    try:
        return HASHER.verify(password_hash, password)
    except (VerificationError, InvalidHashError):
        return False
