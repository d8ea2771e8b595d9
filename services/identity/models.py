"""What identity keeps: login attempts and their handshakes, authorization codes, staff, and the visits to the simulated banks.

Secrets that a browser or client holds (cookies, codes, visit ids) are kept as SHA-256 digests.
"""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ARRAY, ForeignKey, LargeBinary, MetaData, Sequence, Text
from sqlalchemy.dialects.postgresql import TIMESTAMP
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

metadata = MetaData()
NUMBERS = Sequence("bank_identification_numbers", metadata=metadata)


class Table(DeclarativeBase):
    """One row of a table of this service."""

    metadata = metadata
    type_annotation_map = {datetime: TIMESTAMP(timezone=True), bytes: LargeBinary(), str: Text(), list[str]: ARRAY(Text())}  # noqa: RUF012  as SQLAlchemy declares it


class Attempt(Table):
    """A login that a client asked for, in one browser; ended by success, cancel or reject."""

    __tablename__ = "attempts"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    browser: Mapped[bytes]
    client_id: Mapped[str]
    redirect_uri: Mapped[str]
    scope: Mapped[str]
    state: Mapped[str | None]
    nonce: Mapped[str | None]
    code_challenge: Mapped[str]
    language: Mapped[str]
    expires_at: Mapped[datetime] = mapped_column(index=True)
    ended_at: Mapped[datetime | None]


class Handshake(Table):
    """A one-time A01Y stamp, bound to one bank and to the browser of its attempt."""

    __tablename__ = "handshakes"

    stamp: Mapped[str] = mapped_column(primary_key=True)
    attempt_id: Mapped[UUID] = mapped_column(ForeignKey("attempts.id", ondelete="CASCADE"), index=True)
    bank: Mapped[str]
    consumed_at: Mapped[datetime | None]


class Identification(Table):
    """An identification number that a bank has used, never to be accepted again."""

    __tablename__ = "identifications"

    bank: Mapped[str] = mapped_column(primary_key=True)
    idnbr: Mapped[str] = mapped_column(primary_key=True)
    seen_at: Mapped[datetime] = mapped_column(index=True)


class Grant(Table):
    """What an authorization code stands for; `id` is the `jti` of the access token that comes of it."""

    __tablename__ = "grants"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    code_digest: Mapped[bytes] = mapped_column(unique=True)
    client_id: Mapped[str]
    redirect_uri: Mapped[str]
    code_challenge: Mapped[str]
    nonce: Mapped[str | None]
    scope: Mapped[str]
    claims_sealed: Mapped[bytes]
    code_expires_at: Mapped[datetime]
    expires_at: Mapped[datetime] = mapped_column(index=True)
    redeemed_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]


class Assertion(Table):
    """A client assertion (`private_key_jwt`) that has been used."""

    __tablename__ = "assertions"

    client_id: Mapped[str] = mapped_column(primary_key=True)
    jti: Mapped[str] = mapped_column(primary_key=True)
    expires_at: Mapped[datetime] = mapped_column(index=True)


class Staff(Table):
    """A member of staff; `username` is in lower case, `password_hash` an argon2id string."""

    __tablename__ = "staff"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    username: Mapped[str] = mapped_column(unique=True)
    password_hash: Mapped[str]
    name: Mapped[str]
    roles: Mapped[list[str]]
    created_at: Mapped[datetime]


class Throttle(Table):
    """Logins that failed: in a row on one device or for one name at one address, or lately from one address; `name_digest` is of any of these."""

    __tablename__ = "throttles"

    name_digest: Mapped[bytes] = mapped_column(primary_key=True)
    failures: Mapped[int]
    last_failed_at: Mapped[datetime] = mapped_column(index=True)


class BankVisit(Table):
    """A customer at a simulated bank, with the request that brought them; the links were under the seal."""

    __tablename__ = "bank_visits"

    id_digest: Mapped[bytes] = mapped_column(primary_key=True)
    bank: Mapped[str]
    browser: Mapped[bytes]
    request: Mapped[list[str]]
    step: Mapped[str]
    user_id: Mapped[str | None]
    failures: Mapped[int]
    expires_at: Mapped[datetime] = mapped_column(index=True)
