"""Slows down the guessing of staff passwords, without locking anybody out.

A name waits after some failures in a row, longer each time, but only at the address where they happened: a
stranger elsewhere cannot keep a person out. An address waits after many recent failures of any names, so that
one caller cannot try one password on a thousand names; its limit is wide enough for many people behind one
address. A device on which the name has logged in before has a counter of its own and ignores both others, so
failures of others never keep a person from logging in on their own device.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete, func, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from services.identity.keys import digest
from services.identity.models import Throttle, utc_now
from services.identity.settings import plain_username
from shared.limits.caller import caller_of

FREE_FAILURES = 5
FIRST_WAIT, MAX_WAIT = timedelta(seconds=30), timedelta(minutes=15)
FORGOTTEN_AFTER = timedelta(hours=1)
FAILURES_PER_ADDRESS, ADDRESS_WINDOW = 30, timedelta(minutes=10)
FORGIVEN_EVERY = ADDRESS_WINDOW / FAILURES_PER_ADDRESS


@dataclass(frozen=True)
class Rule:
    """How one kind of counter works.

    `wait`: how long to wait after a number of failures. `add`: adds a failure to those that still count.
    `forget`: what a successful login removes.
    """

    wait: Callable[[int], timedelta]
    add: Callable[[Throttle, datetime], None]
    forget: Callable[[AsyncSession, bytes], Awaitable[None]]


@dataclass(frozen=True)
class Caller:
    """A login try: name, address and, if the name has logged in on the device before, its digest."""

    username: str
    address: str
    device: bytes | None = None

    @property
    def counters(self) -> Sequence[tuple[bytes, "Rule"]]:
        """The counters of this caller: a known device alone, else the address and the name at it."""
        if self.device is not None:
            return [(self.device, IN_A_ROW)]
        return [(_of_address(self.address), OF_ADDRESS), (_of_name_at(self.username, self.address), IN_A_ROW)]


async def count_try(session: AsyncSession, caller: Caller) -> timedelta:
    """Count a try as failed in advance; return how long the caller has to wait, or zero.

    Must be committed before the password is checked, so that tries at the same moment count each other. A try
    that has to wait is not counted.
    """
    counted = [(await _locked(session, key), rule) for key, rule in caller.counters]
    now = utc_now()
    for throttle, rule in counted:
        left: timedelta = throttle.last_failed_at + rule.wait(throttle.failures) - now
        if left > timedelta(0):
            return left
    for throttle, rule in counted:
        rule.add(throttle, now)
    return timedelta(0)


async def forget_failures(session: AsyncSession, caller: Caller) -> None:
    """Reset the counters after a successful login; at its address only this one try is taken back."""
    for key, rule in caller.counters:
        await rule.forget(session, key)


async def _locked(session: AsyncSession, key: bytes) -> Throttle:
    """Return the locked row of a counter. All callers lock the address first, so there is no deadlock."""
    unknown = insert(Throttle).values(name_digest=key, failures=0, last_failed_at=utc_now())
    await session.execute(unknown.on_conflict_do_nothing())
    return await session.get_one(Throttle, key, with_for_update=True)


async def _take_back(session: AsyncSession, key: bytes) -> None:
    one_less = func.greatest(col(Throttle.failures) - 1, 0)
    await session.execute(update(Throttle).where(col(Throttle.name_digest) == key).values(failures=one_less))


async def _start_anew(session: AsyncSession, key: bytes) -> None:
    await session.execute(delete(Throttle).where(col(Throttle.name_digest) == key))


def _wait_in_a_row(failures: int) -> timedelta:
    if failures < FREE_FAILURES:
        return timedelta(0)
    return min(FIRST_WAIT * (1 << min(failures - FREE_FAILURES, 10)), MAX_WAIT)


def _add_in_a_row(known: Throttle, now: datetime) -> None:
    kept = 0 if known.last_failed_at < now - FORGOTTEN_AFTER else known.failures
    known.failures, known.last_failed_at = kept + 1, now


def _wait_of_address(failures: int) -> timedelta:
    return max(failures - FAILURES_PER_ADDRESS + 1, 0) * FORGIVEN_EVERY


def _add_to_address(known: Throttle, now: datetime) -> None:
    """Remove one failure for each `FORGIVEN_EVERY` that has passed, then add this one.

    The remainder of the time counts towards the next removal.
    """
    forgiven = (now - known.last_failed_at) // FORGIVEN_EVERY
    if forgiven < known.failures:
        known.failures, known.last_failed_at = (
            known.failures - forgiven + 1,
            known.last_failed_at + forgiven * FORGIVEN_EVERY,
        )
    else:
        known.failures, known.last_failed_at = 1, now


def _of_name_at(username: str, address: str) -> bytes:
    return digest(f"NAME {caller_of(address)} {plain_username(username)}")


def _of_address(address: str) -> bytes:
    return digest(f"ADDRESS {caller_of(address)}")


IN_A_ROW = Rule(_wait_in_a_row, _add_in_a_row, _start_anew)
OF_ADDRESS = Rule(_wait_of_address, _add_to_address, _take_back)
