"""Slows down guessing: after some failures in a row a name has to wait, longer each time; after many lately so has an address, whatever the names.

The second keeps one caller from trying one password on a thousand names. It is wide enough for an office behind one address.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from ipaddress import ip_address, ip_network

from sqlalchemy import delete, func, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from services.identity.keys import digest
from services.identity.models import Throttle
from services.identity.resources import utc_now

FREE_FAILURES = 5
FIRST_WAIT, LONGEST_WAIT = timedelta(seconds=30), timedelta(minutes=15)
FORGOTTEN_AFTER = timedelta(hours=1)
FAILURES_PER_ADDRESS, ADDRESS_WINDOW = 30, timedelta(minutes=10)
FORGIVEN_EVERY = ADDRESS_WINDOW / FAILURES_PER_ADDRESS
ONE_CALLERS_BITS = 64
"""Whoever has one IPv6 address has all that begin with the same 64 bits."""


@dataclass(frozen=True)
class Rule:
    """How long to wait after so many failures; how one more is added to those that still count."""

    wait: Callable[[int], timedelta]
    add: Callable[[Throttle, datetime], None]


async def count_try(session: AsyncSession, username: str, address: str) -> timedelta:
    """Count a try as failed before its password is looked at, and give how long name or address have to wait (zero: go on).

    Has to be committed before the password is looked at, so that tries at the same moment count each other. A try that has to wait does not count.
    """
    counted = [(await _locked(session, key), rule) for key, rule in ((_of_address(address), BY_ADDRESS), (_of_name(username), BY_NAME))]
    now = utc_now()
    for throttle, rule in counted:
        left: timedelta = throttle.last_failed_at + rule.wait(throttle.failures) - now
        if left > timedelta(0):
            return left
    for throttle, rule in counted:
        rule.add(throttle, now)
    return timedelta(0)


async def forget_failures(session: AsyncSession, username: str, address: str) -> None:
    """Start the name anew after a login that went well; of its address this one try is taken back, the others stay."""
    await _take_back(session, address)
    await session.execute(delete(Throttle).where(Throttle.name_digest == _of_name(username)))


async def _locked(session: AsyncSession, key: bytes) -> Throttle:
    """Give the row of an address or a name for us alone. Everybody takes the address first, so nobody waits in a circle."""
    unknown = insert(Throttle).values(name_digest=key, failures=0, last_failed_at=utc_now())
    await session.execute(unknown.on_conflict_do_nothing())
    return await session.get_one(Throttle, key, with_for_update=True)


async def _take_back(session: AsyncSession, address: str) -> None:
    one_less = func.greatest(Throttle.failures - 1, 0)
    await session.execute(update(Throttle).where(Throttle.name_digest == _of_address(address)).values(failures=one_less))


def _wait_of_name(failures: int) -> timedelta:
    if failures < FREE_FAILURES:
        return timedelta(0)
    return min(FIRST_WAIT * (1 << min(failures - FREE_FAILURES, 10)), LONGEST_WAIT)


def _add_to_name(known: Throttle, now: datetime) -> None:
    kept = 0 if known.last_failed_at < now - FORGOTTEN_AFTER else known.failures
    known.failures, known.last_failed_at = kept + 1, now


def _wait_of_address(failures: int) -> timedelta:
    return max(failures - FAILURES_PER_ADDRESS + 1, 0) * FORGIVEN_EVERY


def _add_to_address(known: Throttle, now: datetime) -> None:
    """Forgive one failure for each `FORGIVEN_EVERY` that has passed; the time since the last forgiven one is kept."""
    forgiven = (now - known.last_failed_at) // FORGIVEN_EVERY
    if forgiven < known.failures:
        known.failures, known.last_failed_at = known.failures - forgiven + 1, known.last_failed_at + forgiven * FORGIVEN_EVERY
    else:
        known.failures, known.last_failed_at = 1, now


def _of_name(username: str) -> bytes:
    return digest(username.strip().lower())


def _of_address(address: str) -> bytes:
    """In capitals, which no name has, so that no name can be taken for an address."""
    try:
        known = ip_address(address)
    except ValueError:
        return digest(f"ADDRESS {address}")
    return digest(f"ADDRESS {ip_network((known, ONE_CALLERS_BITS), strict=False) if known.version == 6 else known}")  # noqa: PLR2004  the protocol's


BY_NAME = Rule(_wait_of_name, _add_to_name)
BY_ADDRESS = Rule(_wait_of_address, _add_to_address)
