"""Reads the ledger: tracker's tables, Kafka's offsets and intake's spool, put together."""

import asyncio
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timezone

from sqlalchemy.ext.asyncio import AsyncSession

from services.tracker.clients.intake import Intake, IntakeAway, SpooledRequests
from services.tracker.ledger.alarm_messages import address_of, undelivered
from services.tracker.ledger.numbers import numbers_drawn, numbers_low
from services.tracker.ledger.overdue import (
    LAG_WITHIN,
    MAX_SHOWN,
    NUMBER_WITHIN,
    Late,
    Ledger,
    Overdue,
    only_late,
)
from services.tracker.ledger.positions import KEPT, compare_positions, look_up_skipped
from services.tracker.ledger.read_canary import read_canary
from services.tracker.ledger.set_aside import SetAside, read_set_aside
from services.tracker.ledger.tables import (
    failed_mails,
    numbers_of,
    overdue_entries,
    overdue_mails,
    read_counts,
    request_id_of,
    returned_mails,
    skipped_records,
    to_be_removed,
    unsendable_entries,
    waiting_dead_letters,
)
from services.tracker.ledger.unread import UnreadSubmissions, Unregistered
from services.tracker.register.from_intake import FromIntake, read_unsigned_before
from shared.crypto.record_mac import RecordVerifier
from shared.database.engine import Sessions
from shared.events.command_topics import DEFAULT
from shared.events.topics import SUBMITTED, readers
from shared.kafka.lag import Lag, LagReader
from shared.kafka.producer import KafkaUnavailable

REGISTRAR = "tracker.submitted"


@dataclass(frozen=True, slots=True)
class _Log:
    """What Kafka reported.

    How far the readers are behind, and which accepted requests nobody has registered yet.
    """

    lags: Sequence[Lag]
    unregistered: Unregistered
    committed: Mapping[tuple[str, str], Mapping[int, int]]


class LedgerReader:
    """Reads the whole ledger.

    If Kafka or the spool is away, the ledger says so; if the database is away, the driver's error is raised.
    """

    def __init__(  # noqa: PLR0913  what a ledger is read from
        self,
        sessions: Sessions,
        lags: LagReader,
        intake: Intake | None,
        verifier: RecordVerifier,
        alarm_url: str | None = None,
        command_topics: Iterable[str] = DEFAULT,
        *,
        returned_within: float = 2.0,
        canary_seconds: float = 0,
    ) -> None:
        self._sessions = sessions
        self._lags = lags
        self._intake = intake
        self._verifier = verifier
        self._ours: FromIntake | None = None
        self._unread = UnreadSubmissions(lags, REGISTRAR, SUBMITTED)
        self._readers = readers(command_topics)
        self._canary_seconds = canary_seconds
        self._alarm_address = address_of(alarm_url) if alarm_url else None
        self._returned_within = returned_within

    async def read(self) -> Ledger:
        """Ask all of them in parallel, and combine their answers."""
        ours = await self._from_intake()
        log, spool = await asyncio.gather(self._read_log(ours), self._read_spool())
        now = datetime.now(timezone.utc)
        if log:
            await self._compare_positions(log)
        async with self._sessions.begin() as session:
            counts = await read_counts(session)
            drawn = await numbers_drawn(session)
            dead_letters = await waiting_dead_letters(session)
            set_aside = await read_set_aside(session, SUBMITTED)
            removals, not_removed = await to_be_removed(session, now)
            found = [
                await skipped_records(session),
                *await overdue_mails(session, now),
                await failed_mails(session),
                await returned_mails(session, now, self._returned_within),
                await overdue_entries(session, now),
                await unsendable_entries(session),
                dead_letters,
                not_removed,
                numbers_low(drawn),
                await undelivered(session, self._alarm_address, now),
            ]
            canary = None
            if self._canary_seconds:
                canary, stays_away = await read_canary(session, now, self._canary_seconds)
                found.append(stays_away)
            found.append(await _without_number(session, log, set_aside, now))
            if log:
                found += _lagging(log, now)
            if spool:
                found.append(_spooled(spool))
        unknown = {"kafka": log is None, "spool": spool is None and self._intake is not None}
        found += [Overdue("unknown", 1, place) for place, missing in unknown.items() if missing]
        return Ledger(
            at=now,
            **counts,
            numbers_drawn=drawn,
            dead_letters=dead_letters.count,
            on_the_log=log.unregistered.count if log else None,
            set_aside=set_aside.set_aside,
            settled=set_aside.settled,
            to_be_removed=removals,
            canary=canary,
            in_the_spool=spool.waiting if spool else None if self._intake else 0,
            lag=_by_group(log.lags, self._readers) if log else {},
            overdue=only_late(found),
        )

    async def _compare_positions(self, log: _Log) -> None:
        # In a transaction of its own: readers wait for the rows that it takes.
        async with self._sessions.begin() as session:
            for (reader, topic), committed in log.committed.items():
                await compare_positions(session, reader, topic, committed, self._lags.holds_records)
        with suppress(KafkaUnavailable):
            async with self._sessions.begin() as session:
                await look_up_skipped(session, self._lags.holds_records)

    async def _from_intake(self) -> FromIntake:
        """Read once how far unsigned records reach: that changes by command only."""
        if self._ours is None:
            async with self._sessions() as session:
                self._ours = FromIntake(self._verifier, await read_unsigned_before(session))
        return self._ours

    async def _read_log(self, ours: FromIntake) -> _Log | None:
        try:
            kept = {group: topics for group, topics in self._readers.items() if group in KEPT}
            committed = await self._lags.positions(kept)
            lags = await self._lags.read(self._readers)
            unregistered = (
                await self._unread.look(ours)
                if any(lag.group == REGISTRAR for lag in lags)
                else Unregistered()
            )
        except KafkaUnavailable:
            return None
        return _Log(lags, unregistered, committed)

    async def _read_spool(self) -> SpooledRequests | None:
        try:
            return await self._intake.spool() if self._intake else None
        except IntakeAway:
            return None


async def _without_number(
    session: AsyncSession, log: _Log | None, set_aside: SetAside, now: datetime
) -> Overdue:
    """Return the requests that have no number: on the log for too long, or set aside.

    A repeat of one that has it does not wait.
    """
    unread = (
        [each for each in log.unregistered.oldest if request_id_of(each.key) not in set_aside.sent_again]
        if log
        else []
    )
    overdue = [
        (id_, each.timestamp)
        for each in unread
        if now - each.timestamp > NUMBER_WITHIN and (id_ := request_id_of(each.key))
    ]
    numbered = await numbers_of(session, [id_ for id_, _ in overdue])
    firsts: dict[object, Late] = {}
    for id_, since in overdue:
        if id_ not in numbered:
            firsts.setdefault(id_, Late(id_, since))
    late = sorted([*firsts.values(), *set_aside.oldest], key=lambda each: each.since)
    return Overdue(
        "no-number",
        len(firsts) + set_aside.overdue,
        oldest_at=late[0].since if late else None,
        requests=late[:MAX_SHOWN],
    )


def _lagging(log: _Log, now: datetime) -> list[Overdue]:
    """Return the readers that are behind a record older than they may; `count` is in records."""
    found = []
    for group in {lag.group for lag in log.lags}:
        behind = [lag for lag in log.lags if lag.group == group]
        oldest = min((lag.oldest_at for lag in behind if lag.oldest_at), default=None)
        if oldest and now - oldest > LAG_WITHIN:
            found.append(Overdue("lag", sum(lag.behind for lag in behind), group, oldest))
    return found


def _spooled(spool: SpooledRequests) -> Overdue:
    late = [Late(each.request_id, each.spooled_at) for each in spool.requests[:MAX_SHOWN]]
    return Overdue("spool", spool.waiting, oldest_at=spool.oldest_at, requests=late)


def _by_group(lags: Sequence[Lag], readers: Iterable[str]) -> dict[str, int]:
    behind = Counter(dict.fromkeys(readers, 0))
    for lag in lags:
        behind[lag.group] += lag.behind
    return dict(behind)
