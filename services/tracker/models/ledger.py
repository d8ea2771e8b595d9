"""What the ledger is counted from, and the alarms that follow from it."""

from datetime import datetime
from typing import Any, ClassVar
from uuid import UUID

from sqlalchemy import Index, text
from sqlalchemy.dialects.postgresql import JSONB

from services.tracker.domain import Reason
from services.tracker.models.table import Table
from shared.database.columns import bigint_column, bytes_column, column, id_column, moment_column, text_column


class LedgerCount(Table, table=True):
    """How many more of something there are.

    Rows are only added, in the transaction that makes them true, and folded together now and then.
    """

    __tablename__: ClassVar[str] = "ledger_counts"

    id: int = id_column()
    name: str = text_column()
    n: int = bigint_column()


class Alarm(Table, table=True):
    """Something was overdue from `began_at` to `ended_at`; `most` is how many at the worst.

    The alarm address took its beginning at `told_at`.
    """

    __tablename__: ClassVar[str] = "alarms"
    __table_args__ = (
        Index("alarms_open", "reason", "place", unique=True, postgresql_where=text("ended_at is null")),
        Index(
            "alarms_untold",
            "id",
            postgresql_where=text("told_at is null or (ended_at is not null and end_told_at is null)"),
        ),
        Index(None, "began_at"),
    )

    id: int = id_column()
    reason: Reason = text_column()
    place: str = text_column()
    most: int = bigint_column()
    began_at: datetime = moment_column()
    ended_at: datetime | None = moment_column(nullable=True)
    told_at: datetime | None = moment_column(nullable=True)
    end_told_at: datetime | None = moment_column(nullable=True)


class AlarmAddress(Table, table=True):
    """A digest of a webhook's address, its next message, and since when it has taken none."""

    __tablename__: ClassVar[str] = "alarm_addresses"

    address: bytes = bytes_column(primary_key=True)
    message_id: UUID | None = None
    message: dict[str, Any] | None = column(JSONB(none_as_null=True), nullable=True)
    next_try_at: datetime | None = moment_column(nullable=True)
    failures: int
    failing_since: datetime | None = moment_column(nullable=True)
    last_error: str | None = text_column(nullable=True)


class CanaryRun(Table, table=True):
    """One test request of our own, and when it came through each stage; kept for a day."""

    __tablename__: ClassVar[str] = "canary_runs"

    run: int = bigint_column(primary_key=True)
    begun_at: datetime = moment_column()
    request_id: UUID | None = None
    event_id: str | None = text_column(nullable=True, unique=True)
    answered_at: datetime | None = moment_column(nullable=True)
    shown_at: datetime | None = moment_column(nullable=True)
    numbered_at: datetime | None = moment_column(nullable=True)
    mailed_at: datetime | None = moment_column(nullable=True)
    error: str | None = text_column(nullable=True)
