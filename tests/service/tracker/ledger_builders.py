"""Steps that a ledger's test takes.

Mails that are told about, times moved back, and what Kafka and the spool would tell.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import Interval, bindparam, text
from uuid_utils.compat import uuid4

from services.tracker.clients.intake import IntakeAway, SpooledRequests
from services.tracker.ledger.overdue import Ledger
from services.tracker.ledger.read_ledger import LedgerReader
from services.tracker.mails.on_mail_outcome import on_mail_outcome
from shared.crypto.record_mac import RecordVerifier
from shared.database.engine import Sessions
from shared.events.envelope import Envelope
from shared.events.event import Event
from shared.events.mail_outcomes import MailBounced, MailDeferred, MailFailed, MailOutcome, MailSent
from shared.kafka.lag import Lag, Tail, Unread
from shared.kafka.producer import KafkaUnavailable
from tests.service.tracker.builders import NOW
from tests.service.tracker.database import fetch_rows

SOURCE = "/asiointi/notifier"


@dataclass
class KafkaDouble:
    """What Kafka tells, in its place.

    `away` when it tells nothing, `holds` whether any records lie where it is asked (`None`: it cannot say).
    """

    lags: list[Lag] = field(default_factory=list)
    unread: list[Unread] = field(default_factory=list)
    away: bool = False
    holds: bool | None = None

    async def read(self, _: Mapping[str, Sequence[str]]) -> list[Lag]:
        """Return the lags."""
        if self.away:
            raise KafkaUnavailable("away")
        return self.lags

    async def positions(self, _readers: object) -> dict[tuple[str, str], dict[int, int]]:
        """Tell nothing of where a group stands."""
        return {}

    async def holds_records(self, *_: object) -> bool:
        """Say so."""
        if self.holds is None:
            raise KafkaUnavailable("away")
        return self.holds

    async def tail(self, _group: str, _topic: str, _seen: object, _most: int) -> Tail:
        """Return what is unread."""
        return Tail(self.unread, {each.partition: (0, each.offset + 1) for each in self.unread}, left=0)


@dataclass
class SpoolDouble:
    """What intake tells of its spool, in its place."""

    told: SpooledRequests | None

    async def spool(self) -> SpooledRequests:
        """Return what waits."""
        if self.told is None:
            raise IntakeAway("away")
        return self.told


async def read_ledger(
    sessions: Sessions, log: KafkaDouble | None = None, spool: SpoolDouble | None = None
) -> Ledger:
    """Read the ledger, with nothing on the log and no spool unless told otherwise."""
    return await ledger_reader(sessions, log or KafkaDouble(), spool).read()


def ledger_reader(
    sessions: Sessions,
    log: KafkaDouble,
    spool: SpoolDouble | None = None,
    alarm_url: str | None = None,
    returned_within: float = 2.0,
) -> LedgerReader:
    """Make a reader that asks these two instead."""
    verifier = RecordVerifier([b"r" * 32])
    return LedgerReader(sessions, log, spool, verifier, alarm_url, returned_within=returned_within)  # type: ignore[arg-type]  # they answer what a reader asks


async def event_id_of(sessions: Sessions, request_id: UUID, kind: str = "request.registered.v1") -> str:
    """Return the id of the latest event of its kind."""
    found = await fetch_rows(
        sessions,
        "select event_id from history where request_id = :id and type = :kind order by id desc limit 1",
        id=request_id,
        kind=kind,
    )
    return str(found[0].event_id)


def mail_outcome_event(
    kind: type[MailOutcome],
    request_id: UUID,
    cause_id: str,
    template: str = "receipt",
    at: datetime = NOW,
    codes: str | None = None,
    sending: int = 1,
    **different: object,
) -> Envelope[Event]:
    """Make an outcome as notifier tells it."""
    facts: dict[str, object] = {
        "request_id": request_id,
        "cause_id": cause_id,
        "template": template,
        "message_id": f"<m{sending}>",
        "sending": sending,
        "attempt": 1,
        "occurred_at": at,
    }
    more: dict[type[MailOutcome], dict[str, object]] = {
        MailDeferred: {"reply": "4xx", "codes": codes, "retry_at": at},
        MailFailed: {"reply": "5xx", "codes": codes},
        MailSent: {},
        MailBounced: {"bounce": "hard", "status": "5.1.1", "diagnostic": "5xx"},
    }
    return Envelope(kind.model_validate(facts | more[kind] | different), SOURCE, str(uuid4()), at)


async def handle_outcomes(sessions: Sessions, *envelopes: Envelope[Event]) -> None:
    """Hand outcomes to the handler as one batch."""
    async with sessions.begin() as session:
        await on_mail_outcome(session, envelopes)


async def make_older(sessions: Sessions, seconds: float) -> None:
    """Move everything that waits so far into the past."""
    async with sessions.begin() as session:
        for statement in (
            "update owed_mails set since = since - :past",
            "update history set occurred_at = occurred_at - :past where value is not null",
        ):
            await session.execute(
                text(statement).bindparams(bindparam("past", timedelta(seconds=seconds), Interval))
            )
