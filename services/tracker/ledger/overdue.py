"""What the ledger says: counts, and everything that is overdue, with its requests. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal, TypeAlias, get_args
from uuid import UUID

from services.tracker.domain import Reason
from shared.text.moments import HELSINKI

Part: TypeAlias = Literal["kafka", "spool"]

REASONS: tuple[Reason, ...] = get_args(Reason)
NUMBER_WITHIN = PUBLISHED_WITHIN = LAG_WITHIN = timedelta(seconds=10)
MAIL_WITHIN = timedelta(seconds=60)
REMOVED_WITHIN = timedelta(days=2)
"""After the end of a request's retention time."""
SATURDAY = 5
MAX_SHOWN = 100
"""Requests shown for each kind of being overdue; the oldest come first."""
MAX_COUNTED = 100_000
"""Counts of what is overdue stop here.

A mail server that is away for two days must not make the ledger slow.
"""


def working_days_before(now: datetime, days: float) -> datetime:
    """Go back so many days, passing over Saturdays and Sundays: a part of a day counts as a part."""
    left, at = timedelta(days=days), now.astimezone(HELSINKI)
    while left:
        morning = (at - timedelta(microseconds=1)).replace(hour=0, minute=0, second=0, microsecond=0)
        if morning.weekday() < SATURDAY:
            if at - morning >= left:
                return at - left
            left -= at - morning
        at = morning
    return at


@dataclass(frozen=True, slots=True)
class Late:
    """One request that is overdue; without a work number where it has none yet.

    `note` is what is known, such as the last answer of a mail server.
    """

    request_id: UUID
    since: datetime
    work_number: str | None = None
    note: str | None = None


@dataclass(frozen=True, slots=True)
class Overdue:
    """One kind of being overdue at one place.

    How many, since when, and the oldest of its requests (at most `MAX_SHOWN`).

    `note` is what is known of all of them, such as an address' last answer.

    """

    reason: Reason
    count: int
    place: str = ""
    oldest_at: datetime | None = None
    requests: Sequence[Late] = ()
    note: str = ""


@dataclass(frozen=True, slots=True)
class CanaryRun:
    """A test request that went all the way.

    Seconds from its beginning to each stage (`answered`, `shown`, `numbered`, `mailed`).
    """

    begun_at: datetime
    seconds: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Ledger:
    """The state of the service at `at`.

    Counts are since the beginning; `None` where a part could not be asked (`unknown` is then overdue too).

    `numbered` = `receipted` + `receipts_failed` + `receipts_waiting`; `to_be_removed` counts requests whose
    retention time is over and whose contents are still there, up to `MAX_COUNTED`. `accepted` = `numbered` +
    `on_the_log` + `in_the_spool` + `set_aside` + `settled`, where a record on the log may turn out to be a
    repeat.
    """

    at: datetime
    numbered: int
    numbers_drawn: int
    receipted: int
    receipts_failed: int
    resolved: int
    dead_letters: int
    on_the_log: int | None
    in_the_spool: int | None
    set_aside: int = 0
    settled: int = 0
    to_be_removed: int = 0
    canary: CanaryRun | None = None
    lag: Mapping[str, int] = field(default_factory=dict)
    overdue: Sequence[Overdue] = ()

    @property
    def numbers_burnt(self) -> int:
        """Return how many numbers were drawn for a transaction that was rolled back, or not yet committed."""
        return max(0, self.numbers_drawn - self.numbered)

    @property
    def receipts_waiting(self) -> int:
        """Return how many receipts are under way."""
        return max(0, self.numbered - self.receipted - self.receipts_failed)

    @property
    def accepted(self) -> int | None:
        """Return how many requests were accepted, where Kafka and the spool could be asked."""
        return (
            None
            if self.on_the_log is None or self.in_the_spool is None
            else sum((self.numbered, self.on_the_log, self.in_the_spool, self.set_aside, self.settled))
        )

    def of(self, reason: Reason) -> int:
        """Return how many are overdue for a reason."""
        return sum(each.count for each in self.overdue if each.reason == reason)


def only_late(found: Iterable[Overdue]) -> tuple[Overdue, ...]:
    """Keep what there is any of, in the order of `REASONS`."""
    return tuple(
        sorted(
            (each for each in found if each.count), key=lambda each: (REASONS.index(each.reason), each.place)
        )
    )
