"""The tables of identity: login attempts, handshakes with banks, grants, staff, simulated bank visits.

Secrets that a browser or client holds (cookies, codes, visit ids) are stored as SHA-256 digests.
"""

from datetime import UTC, datetime
from typing import ClassVar
from uuid import UUID

from sqlalchemy import ARRAY, MetaData, Sequence, Text
from sqlmodel import Field, SQLModel

from shared.database.columns import bytes_column, column, moment_column, text_column
from shared.limits.exchange import describe as describe_limit_counts

metadata = MetaData()
NUMBERS = Sequence("bank_identification_numbers", metadata=metadata)


class Table(SQLModel):
    """The base class of identity's tables: it gives them a `MetaData` of their own."""

    metadata = metadata


class Attempt(Table, table=True):
    """A login that a client asked for, in one browser; ended by success, cancel or reject."""

    __tablename__: ClassVar[str] = "attempts"

    id: UUID = Field(primary_key=True)
    browser: bytes = bytes_column()
    client_id: str = text_column()
    redirect_uri: str = text_column()
    scope: str = text_column()
    state: str | None = text_column(nullable=True)
    nonce: str | None = text_column(nullable=True)
    code_challenge: str = text_column()
    language: str = text_column()
    expires_at: datetime = moment_column(index=True)
    ended_at: datetime | None = moment_column(nullable=True)


class Handshake(Table, table=True):
    """A one-time A01Y stamp, bound to one bank and to the browser of its attempt."""

    __tablename__: ClassVar[str] = "handshakes"

    stamp: str = text_column(primary_key=True)
    attempt_id: UUID = Field(foreign_key="attempts.id", ondelete="CASCADE", index=True)
    bank: str = text_column()
    consumed_at: datetime | None = moment_column(nullable=True)


class Identification(Table, table=True):
    """An identification number from a bank's answer, so that no answer is accepted twice."""

    __tablename__: ClassVar[str] = "identifications"

    bank: str = text_column(primary_key=True)
    idnbr: str = text_column(primary_key=True)
    seen_at: datetime = moment_column(index=True)


class Grant(Table, table=True):
    """An authorization code and what it grants; `id` is the `jti` of the access token issued for it."""

    __tablename__: ClassVar[str] = "grants"

    id: UUID = Field(primary_key=True)
    code_digest: bytes = bytes_column(unique=True)
    client_id: str = text_column()
    redirect_uri: str = text_column()
    code_challenge: str = text_column()
    nonce: str | None = text_column(nullable=True)
    scope: str = text_column()
    claims_sealed: bytes = bytes_column()
    code_expires_at: datetime = moment_column()
    expires_at: datetime = moment_column(index=True)
    redeemed_at: datetime | None = moment_column(nullable=True)
    revoked_at: datetime | None = moment_column(nullable=True)


class Assertion(Table, table=True):
    """A client assertion (`private_key_jwt`) that has been used, so that it is not accepted again."""

    __tablename__: ClassVar[str] = "assertions"

    client_id: str = text_column(primary_key=True)
    jti: str = text_column(primary_key=True)
    expires_at: datetime = moment_column(index=True)


class Staff(Table, table=True):
    """A member of staff; `username` is in lower case, `password_hash` an argon2id string."""

    __tablename__: ClassVar[str] = "staff"

    id: UUID = Field(primary_key=True)
    username: str = text_column(unique=True)
    password_hash: str = text_column()
    name: str = text_column()
    roles: list[str] = column(ARRAY(Text))
    created_at: datetime = moment_column()


class Throttle(Table, table=True):
    """A counter of failed staff logins, by device, by name at one address, or by address.

    `name_digest` is the digest of one of these (`staff/throttle.py`).
    """

    __tablename__: ClassVar[str] = "throttles"

    name_digest: bytes = bytes_column(primary_key=True)
    failures: int
    last_failed_at: datetime = moment_column(index=True)


class BankVisit(Table, table=True):
    """A customer's visit to a simulated bank, with the TUPAS request that started it; its MAC was valid."""

    __tablename__: ClassVar[str] = "bank_visits"

    id_digest: bytes = bytes_column(primary_key=True)
    bank: str = text_column()
    browser: bytes = bytes_column()
    request: list[str] = column(ARRAY(Text))
    step: str = text_column()
    user_id: str | None = text_column(nullable=True)
    failures: int
    expires_at: datetime = moment_column(index=True)


describe_limit_counts(metadata)


def utc_now() -> datetime:
    """Return the current time, in UTC and with its time zone."""
    return datetime.now(UTC)
