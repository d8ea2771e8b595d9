"""Takes in a mail that came to a return path.

What it reports becomes an outcome, once, in the transaction that remembers the mail.
"""

import asyncio
import hashlib
from collections.abc import Iterator
from typing import Any, Literal, NamedTuple

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncSession

from services.notifier.domain import message_id_of_sending, read_message_id
from services.notifier.mail.bounces.read_report import Report, read_report
from services.notifier.mail.bounces.return_path import ReturnPaths, Sending
from services.notifier.queue.publish_outcomes import OUTBOX
from services.notifier.write.contents import ContentsBox
from shared.database.engine import Sessions
from shared.process.logs import get_log

log = get_log(__name__)

MAX_KEPT, MAX_UNMATCHED = 64 * 1024, 1_000
BOUNCES = {"hard": "hard", "soft": "soft", "unknown": "unclear"}

ENTER = text("""
insert into reports (digest, verdict, status) values (:digest, :verdict, :status)
  on conflict do nothing returning digest""")
DELIVERY = text("""
select id, request_id, event_id, template, message_id, traceparent, attempts, sending
  from deliveries where id = :id for update""")
NAMED = text("select id, message_id from deliveries where event_id = :event_id and template = :template")
SAID_BEFORE = text("""
select exists (select from reports where delivery_id = :id and sending = :sending
  and verdict = any(cast(:verdicts as text[])))""")
LINK = text("update reports set delivery_id = :id, sending = :sending, mail = :mail where digest = :digest")
# What a mail server brought is kept nowhere else. Anybody can write to the addresses without a token, so only
# so many are kept.
KEEP_UNMATCHED = text("""
update reports set mail = :mail where digest = :digest
and (select count(*) from (select from reports where delivery_id is null
  and mail is not null limit :most) kept) < :most returning true""")
RETURN = text(
    "update deliveries set returned_at = now(), return_status = :status where id = :id and sending = :sending"
)
OUTCOME = text("""
insert into outcomes (request_id, event_id, template, message_id, traceparent, state, attempt, reply,
  sending, bounce, status, diagnostic)
values (:request_id, :event_id, :template, :message_id, :traceparent, 'bounced', :attempt, '', :sending,
  :bounce, :status, :diagnostic)""")

WAKE = text("select pg_notify(:outbox, '')")

Taken = Literal["entered", "noted", "repeated", "not ours"]
"""An outcome was written; it changes nothing; it came before; it is about no mail of ours."""


class Inbox(NamedTuple):
    """What taking in needs; `await inbox.take_in(raw, recipient)` returns after the commit."""

    sessions: Sessions
    paths: ReturnPaths
    box: ContentsBox

    async def take_in(self, raw: bytes, recipient: str = "") -> Taken:
        """Take in one mail, however often it comes; without a `recipient` it stays in a mailbox.

        Raises what the database's driver raises when that is away.
        """
        report = await asyncio.to_thread(read_report, raw)
        digest = hashlib.sha256(recipient.lower().encode(errors="replace") + b"\0" + raw).digest()
        async with self.sessions.begin() as session:
            entered = await session.scalar(
                ENTER, {"digest": digest, "verdict": report.verdict, "status": report.status}
            )
            taken = await self._enter(session, digest, report, raw, recipient) if entered else "repeated"
        log.info("report_taken_in", verdict=report.verdict, status=report.status, taken=taken)
        return taken

    async def _enter(
        self, session: AsyncSession, digest: bytes, report: Report, raw: bytes, recipient: str
    ) -> Taken:
        sending = await self._sending(session, report, recipient)
        delivery = (
            (await session.execute(DELIVERY, {"id": sending.delivery})).one_or_none() if sending else None
        )
        if sending is None or delivery is None or not 1 <= sending.number <= delivery.sending:
            if recipient and report.verdict in BOUNCES:
                kept = {"digest": digest, "mail": self._locked(raw, digest), "most": MAX_UNMATCHED}
                if await session.scalar(KEEP_UNMATCHED, kept) is None:
                    log.warning("report_not_kept", verdict=report.verdict, most=MAX_UNMATCHED)
            return "not ours"
        names = {"id": sending.delivery, "sending": sending.number}
        final = report.verdict in {"hard", "unknown"}
        verdicts = ["hard", "unknown"] if final else ["hard", "unknown", "soft"]
        repeated = await session.scalar(SAID_BEFORE, names | {"verdicts": verdicts})
        new = report.verdict in BOUNCES and not repeated
        mail = self._locked(raw, digest) if new and report.verdict == "unknown" else None
        await session.execute(LINK, names | {"digest": digest, "mail": mail})
        if not new:
            return "noted"
        if final:
            await session.execute(RETURN, names | {"status": report.status})
        await session.execute(OUTCOME, _outcome(delivery, sending, report))
        await session.execute(WAKE, {"outbox": OUTBOX})
        return "entered"

    def _locked(self, raw: bytes, digest: bytes) -> bytes:
        return self.box.box.encrypt(raw[:MAX_KEPT], digest)

    async def _sending(self, session: AsyncSession, report: Report, recipient: str) -> Sending | None:
        """Find the mail that a report is about.

        By the token it was sent to, by one in its text, or by our Message-ID.

        A Message-ID is as hard to guess as a token, and known to the same servers, but appears in answers of
        people too: it counts only in what is certainly a report.
        """
        if sending := self.paths.read(recipient) or next(self.paths.find(report.decoded), None):
            return sending
        if report.verdict not in {"hard", "soft"}:
            return None
        for message_id, name in _names(report):
            values = {"event_id": name.event_id, "template": name.template}
            found = (await session.execute(NAMED, values)).one_or_none()
            if found and message_id_of_sending(found.message_id, name.sending) == message_id:
                return Sending(found.id, name.sending)
        return None


def _names(report: Report) -> Iterator[tuple[str, Any]]:
    for message_id in report.message_ids:
        if name := read_message_id(message_id):
            yield message_id, name


def _outcome(delivery: Row[Any], sending: Sending, report: Report) -> dict[str, Any]:
    return {
        "request_id": delivery.request_id,
        "event_id": delivery.event_id,
        "template": delivery.template,
        "message_id": message_id_of_sending(delivery.message_id, sending.number),
        "traceparent": delivery.traceparent,
        "attempt": max(1, delivery.attempts),
        "sending": sending.number,
        "bounce": BOUNCES[report.verdict],
        "status": report.status,
        "diagnostic": f"{report.code // 100}xx" if report.code else None,
    }
