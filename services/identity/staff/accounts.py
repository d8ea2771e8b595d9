"""Accounts of staff and their passwords (argon2id)."""

import asyncio
from collections.abc import Iterable
from uuid import uuid4

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from services.identity.models import Staff
from services.identity.resources import utc_now
from services.identity.settings import StaffAccount
from shared.logs import get_log

log = get_log(__name__)

HASHER = PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1)
"""OWASP's parameters: 19 MiB a hash, so that many logins at once do not fill the memory."""
NOBODY = "$argon2id$v=19$m=19456,t=2,p=1$YXNpb2ludGlub2JvZHk$qJ9o7SmDEVsWZdrmOYg7YNmdNkqmTgDbQhQpjUTCTns"
"""The hash of no password: unknown names take as long as wrong passwords."""


async def add_missing(session: AsyncSession, accounts: Iterable[StaffAccount]) -> None:
    """Make the accounts that do not exist yet; what exists stays as it is."""
    known = set(await session.scalars(select(Staff.username)))
    for account in accounts:
        username = account.username.strip().lower()
        if username not in known:
            password_hash = await asyncio.to_thread(HASHER.hash, account.password.get_secret_value())
            row = {"id": uuid4(), "username": username, "password_hash": password_hash, "name": account.name, "created_at": utc_now()}
            await session.execute(insert(Staff).values(**row, roles=list(account.roles)).on_conflict_do_nothing())
            log.info("staff_added", roles=list(account.roles))


async def find_staff(session: AsyncSession, username: str) -> Staff | None:
    """Give the account of this name."""
    staff: Staff | None = await session.scalar(select(Staff).where(Staff.username == username.strip().lower()))
    return staff


async def is_password_of(staff: Staff | None, password: str) -> bool:
    """Compare with the account's password; takes as long, and says no, where there is no account."""
    return await asyncio.to_thread(_is_right, staff.password_hash if staff else NOBODY, password) and staff is not None


def _is_right(password_hash: str, password: str) -> bool:
    try:
        return HASHER.verify(password_hash, password)
    except (VerificationError, InvalidHashError):
        return False
