"""Tracker's tables. `history` is also the outbox: an entry's `value` holds the record's bytes until Kafka has acknowledged them."""

from datetime import datetime
from typing import Any, ClassVar
from uuid import UUID

from sqlalchemy import BigInteger, Column, DateTime, Identity, Index, LargeBinary, MetaData, Sequence, Text, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field, SQLModel

from services.tracker.domain import Action, Actor, Mail, State
from services.tracker.ledger.overdue import Reason
from services.tracker.work_number import TEN_DIGITS
from shared.outbox.tables import describe

metadata = MetaData(
    naming_convention={"pk": "%(table_name)s_pkey", "uq": "%(table_name)s_%(column_0_N_name)s_key", "ix": "%(table_name)s_%(column_0_N_name)s_idx"}
)
WORK_NUMBERS = Sequence("work_number_sequence", start=0, minvalue=0, maxvalue=TEN_DIGITS - 1, metadata=metadata)


class Table(SQLModel):
    """What every table of tracker derives from, so that they share one `MetaData` of their own."""

    metadata = metadata


def _text(*, nullable: bool = False) -> Any:  # noqa: ANN401  as SQLModel's Field
    return Field(default=None if nullable else ..., sa_type=Text, nullable=nullable)


def _moment(*, nullable: bool = False) -> Any:  # noqa: ANN401  as above
    return Field(default=None if nullable else ..., sa_type=DateTime(timezone=True), nullable=nullable)


def _bytes(*, nullable: bool = False) -> Any:  # noqa: ANN401  as above
    return Field(default=None if nullable else ..., sa_type=LargeBinary, nullable=nullable)


class TrackedRequest(Table, table=True):
    """A request as it stands. Names are in clear for the handlers; the henkilötunnus is encrypted (`at_rest.py`)."""

    __tablename__: ClassVar[str] = "requests"
    __table_args__ = (
        Index(None, "submitted_at", "request_id"),
        Index(None, "state", "queue", "submitted_at", "request_id"),
        Index(None, "due_at", "request_id", postgresql_where=text("state in ('received', 'in_progress', 'waiting_for_customer')")),
        Index(None, "closed_at", postgresql_where=text("state = 'closed'")),
        Index(None, "resolved_at", postgresql_where=text("resolved_at is not null")),
        Index(None, "email_index"),
        Index(None, "personal_code_index", postgresql_where=text("personal_code_index is not null")),
        Index(None, "service", "submitted_at", "request_id"),
        Index(None, "name_key", "submitted_at", "request_id", postgresql_ops={"name_key": "text_pattern_ops"}),
    )

    request_id: UUID = Field(primary_key=True)
    work_number: str = Field(sa_type=Text, unique=True)
    service: str = _text()
    service_title: str = _text()
    service_title_fi: str = _text()
    role: str = _text()
    language: str = _text()
    authentication: str = _text()
    channel: str = _text()
    queue: str = _text()
    state: State = _text()
    assignee: str | None = _text(nullable=True)
    submitted_at: datetime = _moment()
    registered_at: datetime = _moment()
    due_at: datetime = _moment()
    changed_at: datetime = _moment()
    resolved_at: datetime | None = _moment(nullable=True)
    closed_at: datetime | None = _moment(nullable=True)
    retention_days: int
    body_digest: str = _text()
    sealed_contact: str = _text()
    first_name: str = _text()
    last_name: str = _text()
    phone: str = _text()
    email: str = _text()
    business_id: str | None = _text(nullable=True)
    name_key: str = _text()
    email_index: bytes = _bytes()
    personal_code: bytes | None = _bytes(nullable=True)
    personal_code_index: bytes | None = _bytes(nullable=True)
    answers: list[dict[str, Any]] = Field(sa_type=JSONB)


class HistoryEntry(Table, table=True):
    """What happened to a request, in the order of `id`; entries that nobody outside needs have no `value` from the start.

    `action` and `state` stand where the entry set the request's state, `text` is what the citizen was told, `details` are for operators.
    `refused` says why Kafka will never take it.
    """

    __tablename__: ClassVar[str] = "history"
    __table_args__ = (Index("history_unpublished", "id", unique=True, postgresql_where=text("value is not null")),)

    request_id: UUID = Field(primary_key=True)
    id: int = Field(default=None, sa_column=Column(BigInteger, Identity(always=True), primary_key=True))
    event_id: UUID
    type: str = _text()
    occurred_at: datetime = _moment()
    actor_kind: Actor = _text()
    actor: str | None = _text(nullable=True)
    action: Action | None = _text(nullable=True)
    state: State | None = _text(nullable=True)
    text: str | None = _text(nullable=True)
    details: dict[str, Any] | None = Field(default=None, sa_column=Column(JSONB(none_as_null=True), nullable=True))
    traceparent: str | None = _text(nullable=True)
    value: bytes | None = _bytes(nullable=True)
    published_at: datetime | None = _moment(nullable=True)
    refused: str | None = _text(nullable=True)


class MailOutcomeEntry(Table, table=True):
    """What became of a mail about a request, as notifier told."""

    __tablename__: ClassVar[str] = "mail_outcomes"

    request_id: UUID = Field(primary_key=True)
    event_id: str = Field(primary_key=True, sa_type=Text)
    type: str = _text()
    occurred_at: datetime = _moment()
    cause_id: str = _text()
    template: str = _text()
    message_id: str = _text()
    attempt: int
    reply: str | None = _text(nullable=True)
    codes: str | None = _text(nullable=True)
    retry_at: datetime | None = _moment(nullable=True)
    sending: int = 1
    bounce: str | None = _text(nullable=True)
    status: str | None = _text(nullable=True)


class OwedMail(Table, table=True):
    """A mail that an entry of the history owes the citizen, until notifier tells that it went.

    `failed_at` says that it will not go by itself, `failure` why (the mail server's codes, or a word); `settled_at` that an operator has dealt with
    that in another way. One that came back (`returned_at`) is owed again though it had gone, and is for a person to deal with; `sending` is the last
    one that is known of.
    """

    __tablename__: ClassVar[str] = "owed_mails"
    __table_args__ = (
        Index("owed_mails_waiting", "since", postgresql_where=text("failed_at is null")),
        Index("owed_mails_failed", "failed_at", postgresql_where=text("failed_at is not null")),
        Index(
            "owed_mails_unsettled",
            "failed_at",
            "event_id",
            postgresql_where=text("failed_at is not null and returned_at is null and settled_at is null"),
        ),
        Index("owed_mails_returned", "returned_at", "event_id", postgresql_where=text("returned_at is not null and settled_at is null")),
    )

    event_id: str = Field(primary_key=True, sa_type=Text)
    request_id: UUID
    template: Mail = _text()
    since: datetime = _moment()
    failed_at: datetime | None = _moment(nullable=True)
    failure: str | None = Field(default=None, sa_type=Text)
    settled_at: datetime | None = _moment(nullable=True)
    settled_by: str | None = Field(default=None, sa_type=Text)
    settled_note: str | None = Field(default=None, sa_type=Text)
    sending: int = 1
    returned_at: datetime | None = _moment(nullable=True)
    returned_message_id: str | None = Field(default=None, sa_type=Text)
    return_status: str | None = Field(default=None, sa_type=Text)


class LedgerCount(Table, table=True):
    """How many more of something there are; rows are only added, in the transaction that makes them true, and folded together now and then."""

    __tablename__: ClassVar[str] = "ledger_counts"

    id: int = Field(default=None, sa_column=Column(BigInteger, Identity(always=True), primary_key=True))
    name: str = _text()
    n: int = Field(sa_type=BigInteger)


class ReadPosition(Table, table=True):
    """How far a reader has come in a partition, written in the transaction of what it read."""

    __tablename__: ClassVar[str] = "read_positions"

    reader: str = Field(primary_key=True, sa_type=Text)
    topic: str = Field(primary_key=True, sa_type=Text)
    partition: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    next_offset: int = Field(sa_type=BigInteger)


class UnsignedBefore(Table, table=True):
    """The offset of a partition of `requests.submitted` up to which records need no MAC of intake; recorded at the upgrade."""

    __tablename__: ClassVar[str] = "unsigned_before"

    partition: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    next_offset: int = Field(sa_type=BigInteger)


class SkippedRecords(Table, table=True):
    """Records from `first_offset` to before `next_offset` that a reader was never given; `settled_at` when an operator had them sent again.

    `looked_up` says whether the log was asked if any record lies there.
    """

    __tablename__: ClassVar[str] = "skipped_records"
    __table_args__ = (Index("skipped_records_waiting", "id", postgresql_where=text("settled_at is null")),)

    id: int = Field(default=None, sa_column=Column(BigInteger, Identity(always=True), primary_key=True))
    reader: str = _text()
    topic: str = _text()
    partition: int
    first_offset: int = Field(sa_type=BigInteger)
    next_offset: int = Field(sa_type=BigInteger)
    noticed_at: datetime = _moment()
    settled_at: datetime | None = _moment(nullable=True)
    settled_by: str | None = _text(nullable=True)
    note: str | None = _text(nullable=True)
    looked_up: bool = Field(default=True, sa_column_kwargs={"server_default": text("true")})


class Alarm(Table, table=True):
    """Something was overdue from `began_at` to `ended_at`; `most` is how many at the worst. The alarm address took its beginning at `told_at`."""

    __tablename__: ClassVar[str] = "alarms"
    __table_args__ = (
        Index("alarms_open", "reason", "place", unique=True, postgresql_where=text("ended_at is null")),
        Index("alarms_untold", "id", postgresql_where=text("told_at is null or (ended_at is not null and end_told_at is null)")),
        Index(None, "began_at"),
    )

    id: int = Field(default=None, sa_column=Column(BigInteger, Identity(always=True), primary_key=True))
    reason: Reason = _text()
    place: str = _text()
    most: int = Field(sa_type=BigInteger)
    began_at: datetime = _moment()
    ended_at: datetime | None = _moment(nullable=True)
    told_at: datetime | None = _moment(nullable=True)
    end_told_at: datetime | None = _moment(nullable=True)


class AlarmAddress(Table, table=True):
    """An address that takes alarms (as a digest), the message it is to take next, and how long it has taken none."""

    __tablename__: ClassVar[str] = "alarm_addresses"

    address: bytes = Field(primary_key=True, sa_type=LargeBinary)
    message_id: UUID | None = Field(default=None)
    message: dict[str, Any] | None = Field(default=None, sa_column=Column(JSONB(none_as_null=True), nullable=True))
    next_try_at: datetime | None = _moment(nullable=True)
    failures: int
    failing_since: datetime | None = _moment(nullable=True)
    last_error: str | None = _text(nullable=True)


class ProcessedCommand(Table, table=True):
    """A command from Kafka that was carried out or refused; its CloudEvents source and id make a repeat the same command."""

    __tablename__: ClassVar[str] = "processed_commands"
    __table_args__ = (Index(None, "processed_at"),)

    source: str = Field(primary_key=True, sa_type=Text)
    command_id: str = Field(primary_key=True, sa_type=Text)
    processed_at: datetime = _moment()


class CanaryRun(Table, table=True):
    """One test request of our own, and when it came through each stage; kept for a day."""

    __tablename__: ClassVar[str] = "canary_runs"

    run: int = Field(sa_column=Column(BigInteger, primary_key=True, autoincrement=False))
    begun_at: datetime = _moment()
    request_id: UUID | None = Field(default=None)
    event_id: str | None = Field(default=None, sa_type=Text, unique=True)
    answered_at: datetime | None = _moment(nullable=True)
    shown_at: datetime | None = _moment(nullable=True)
    numbered_at: datetime | None = _moment(nullable=True)
    mailed_at: datetime | None = _moment(nullable=True)
    error: str | None = _text(nullable=True)


class KeptAnswer(Table, table=True):
    """What a command with an `Idempotency-Key` was answered; written in the command's own transaction."""

    __tablename__: ClassVar[str] = "kept_answers"
    __table_args__ = (Index(None, "answered_at"),)

    caller: str = Field(primary_key=True, sa_type=Text)
    key: str = Field(primary_key=True, sa_type=Text)
    digest: bytes = _bytes()
    status: int
    headers: dict[str, str] = Field(sa_type=JSONB)
    body: bytes = _bytes()
    answered_at: datetime = _moment()


DEAD_LETTER_WAITS = "redriven_at is null and (dismissed_at is null or (accepted and note is null and registered_at is null))"
"""Of those that wait for an operator: an accepted request that was laid aside without a word does."""


class DeadLetter(Table, table=True):
    """A record that could never succeed, as it came. One that was put aside twice (a crash before the offset's commit) stands here once.

    One that intake sent is an `accepted` request: until that is registered, or `note` says what its citizen was told, it stays overdue.
    """

    __tablename__: ClassVar[str] = "dead_letters"
    __table_args__ = (
        Index("dead_letters_origin", "origin_topic", "origin_partition", "origin_offset", "origin_group", "digest", unique=True),
        Index("dead_letters_waiting", "id", postgresql_where=text(DEAD_LETTER_WAITS)),
        Index("dead_letters_accepted", "request_id", postgresql_where=text("accepted and registered_at is null")),
    )

    id: int = Field(default=None, sa_column=Column(BigInteger, Identity(always=True), primary_key=True))
    origin_topic: str = _text()
    origin_partition: int
    origin_offset: int = Field(sa_type=BigInteger)
    origin_group: str = _text()
    digest: bytes = _bytes()
    reason: str = _text()
    detail: str = _text()
    buried_at: datetime = _moment()
    key: bytes | None = _bytes(nullable=True)
    value: bytes | None = _bytes(nullable=True)
    headers: list[list[str | None]] = Field(sa_type=JSONB)
    redriven_at: datetime | None = _moment(nullable=True)
    redriven_by: str | None = _text(nullable=True)
    dismissed_at: datetime | None = _moment(nullable=True)
    dismissed_by: str | None = _text(nullable=True)
    accepted: bool = Field(default=False, sa_column_kwargs={"server_default": text("false")})
    request_id: UUID | None = Field(default=None)
    registered_at: datetime | None = _moment(nullable=True)
    note: str | None = _text(nullable=True)


describe(metadata)
