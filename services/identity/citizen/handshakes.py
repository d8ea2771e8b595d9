"""Starts TUPAS handshakes with banks, and accepts at most one valid answer for each login attempt."""

import secrets
from uuid import UUID

from sqlalchemy import update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col, select

from services.identity import tupas
from services.identity.banks import Bank
from services.identity.login.grants import end_attempt
from services.identity.models import Attempt, Handshake, Identification, utc_now
from services.identity.resources import Resources
from services.identity.tupas import TupasRefused
from services.identity.verify_tupas import verify_response


async def start_handshake(session: AsyncSession, bank: Bank, attempt: Attempt, issuer: str) -> tupas.Request:
    """Store a new one-time stamp for one bank and return the request that carries it."""
    while True:
        stamp = tupas.make_stamp(utc_now(), secrets.randbelow(1_000_000))
        row = insert(Handshake).values(stamp=stamp, attempt_id=attempt.id, bank=bank.code)
        if await session.scalar(row.on_conflict_do_nothing().returning(col(Handshake.stamp))):
            return make_request(bank, stamp, attempt.id, attempt.language, issuer)


def make_request(bank: Bank, stamp: str, attempt_id: UUID, language: str, issuer: str) -> tupas.Request:
    """Return the request to a bank.

    Its links for cancelling and rejecting name the attempt, which only its own browser can end.
    """
    return tupas.Request(
        action_id=tupas.ACTION,
        vers=bank.version,
        rcvid=bank.service_provider,
        langcode=language.upper(),
        stamp=stamp,
        idtype=bank.idtype,
        retlink=f"{issuer}/tupas/return",
        canlink=f"{issuer}/tupas/cancel?attempt={attempt_id}",
        rejlink=f"{issuer}/tupas/reject?attempt={attempt_id}",
        keyvers=bank.key_version,
        alg=bank.keys.algorithm,
    )


async def find_attempt(session: AsyncSession, stamp: str, browser: bytes) -> Attempt | None:
    """Return the open attempt of this browser that a stamp was made for, or None."""
    return (
        await session.scalars(
            select(Attempt)
            .join(Handshake, col(Handshake.attempt_id) == col(Attempt.id))
            .where(
                col(Handshake.stamp) == stamp,
                col(Attempt.browser) == browser,
                col(Attempt.ended_at).is_(None),
                col(Attempt.expires_at) > utc_now(),
            )
        )
    ).one_or_none()


async def accept_answer(
    session: AsyncSession, resources: Resources, unverified: tupas.Unverified, browser: bytes
) -> tuple[Attempt, Bank, tupas.Response]:
    """Verify a bank's answer, use up its stamp and end its attempt; return attempt, bank and answer.

    Raises `TupasRefused` when the answer is not valid or was used before; the caller rolls back then, and the
    attempt stays open.
    """
    attempt = await find_attempt(session, unverified.stamp, browser)
    if attempt is None:
        raise TupasRefused("unknown-stamp")
    bank, response = await _verify(session, resources, unverified, attempt)
    unused = col(Handshake.stamp) == unverified.stamp, col(Handshake.consumed_at).is_(None)
    if (
        await session.scalar(
            update(Handshake).where(*unused).values(consumed_at=utc_now()).returning(col(Handshake.stamp))
        )
        is None
    ):
        raise TupasRefused("used-stamp")
    seen = insert(Identification).values(bank=bank.code, idnbr=response.idnbr, seen_at=utc_now())
    if await session.scalar(seen.on_conflict_do_nothing().returning(col(Identification.idnbr))) is None:
        raise TupasRefused("used-identification")
    if await end_attempt(session, attempt.id, browser) is None:
        raise TupasRefused("ended-attempt")
    return attempt, bank, response


async def _verify(
    session: AsyncSession, resources: Resources, unverified: tupas.Unverified, attempt: Attempt
) -> tuple[Bank, tupas.Response]:
    """Verify with the key of the bank that the stamp was made for, not of the bank that the answer names."""
    handshake = await session.get_one(Handshake, unverified.stamp)
    bank = resources.banks.get(handshake.bank)
    if bank is None:
        raise TupasRefused("unknown-bank")
    asked = make_request(bank, handshake.stamp, attempt.id, attempt.language, resources.settings.issuer)
    return bank, verify_response(
        unverified, bank_number=bank.number, keys=bank.keys, asked=asked, now=utc_now()
    )
