"""Handles the outcome of a mail: sent, deferred, failed or bounced.

The outcome goes onto the request's timeline, and the mail off, or back onto, the list of what is owed.
"""

from collections.abc import Sequence

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from services.tracker.canary.on_canary import take_canaries
from services.tracker.mails.enter_bounces import enter_bounces
from shared.events.envelope import Envelope
from shared.events.event import Event
from shared.events.mail_outcomes import MailBounced, MailDeferred, MailFailed, MailOutcome
from shared.events.rejected import Rejected
from shared.process.logs import get_log
from shared.text.kept_text import can_be_kept

log = get_log(__name__)

COLUMNS = {
    "request_id": "uuid",
    "event_id": "text",
    "type": "text",
    "occurred_at": "timestamptz",
    "cause_id": "text",
    "template": "text",
    "message_id": "text",
    "attempt": "int",
    "reply": "text",
    "codes": "text",
    "retry_at": "timestamptz",
    "sending": "int",
    "bounce": "text",
    "status": "text",
}
ENTER = text(f"""
    with arrived as (
        insert into mail_outcomes ({", ".join(COLUMNS)})
        select * from unnest({", ".join(f"cast(:{name} as {kind}[])" for name, kind in COLUMNS.items())})
        on conflict do nothing
        returning cause_id, template, type, occurred_at, sending, message_id,
            coalesce(codes, reply) as failure
    ), latest as (
        select distinct on (cause_id, template) * from arrived where type <> 'mail.bounced.v1'
        order by cause_id, template, sending desc, type = 'mail.sent.v1' desc, occurred_at desc
    ), concerned as (
        select owed.event_id, latest.* from owed_mails owed
        join latest on owed.event_id = latest.cause_id and owed.template = latest.template
        where owed.sending <= latest.sending and owed.returned_message_id is distinct from latest.message_id
    ), paid as (
        delete from owed_mails owed using concerned
        where owed.event_id = concerned.event_id and concerned.type = 'mail.sent.v1'
        returning owed.template
    ), kept_waiting as (
        update owed_mails owed set failed_at = case
            when concerned.type = 'mail.failed.v1' then concerned.occurred_at end,
            failure = case when concerned.type = 'mail.failed.v1' then concerned.failure end,
            settled_at = null, settled_by = null, settled_note = null, returned_at = null,
                sending = concerned.sending
        from concerned where owed.event_id = concerned.event_id and concerned.type <> 'mail.sent.v1'
    )
    insert into ledger_counts (name, n) select 'receipted', count(*) from paid where template = 'receipt'
        having count(*) > 0
""")  # noqa: S608  made of the names above only
MAX_LENGTH = 500
MAX_ATTEMPTS = 1_000_000


async def on_mail_outcome(session: AsyncSession, envelopes: Sequence[Envelope[Event]]) -> None:
    """Enter each outcome once, by its event id; raises `Rejected` where one cannot be kept."""
    outcomes = [
        Envelope(e.event, e.source, e.id, e.time, e.traceparent)
        for e in envelopes
        if isinstance(e.event, MailOutcome)
    ]
    rows = [_row(envelope, envelope.event) for envelope in await take_canaries(session, outcomes)]
    if rows:
        await session.execute(ENTER, {name: [row[name] for row in rows] for name in COLUMNS})
        await enter_bounces(session, rows)


def _row(envelope: Envelope[Event], outcome: MailOutcome) -> dict[str, object]:
    texts = {
        "event_id": envelope.id,
        "cause_id": outcome.cause_id,
        "template": outcome.template,
        "message_id": outcome.message_id,
    }
    codes = outcome.codes if isinstance(outcome, MailDeferred | MailFailed) else None
    for name, value in {**texts, "codes": codes or ""}.items():
        if not can_be_kept(value) or len(value) > MAX_LENGTH:
            raise Rejected("bad-data", f"{outcome.type}: {name}")
    if max(outcome.attempt, outcome.sending) > MAX_ATTEMPTS:
        raise Rejected("bad-data", f"{outcome.type}: attempt")
    if isinstance(outcome, MailFailed):
        log.error(
            "mail_failed", request_id=str(outcome.request_id), template=outcome.template, reply=outcome.reply
        )
    return {
        **texts,
        "request_id": outcome.request_id,
        "type": outcome.type,
        "occurred_at": outcome.occurred_at,
        "attempt": outcome.attempt,
        "reply": outcome.reply if isinstance(outcome, MailDeferred | MailFailed) else None,
        "codes": codes,
        "sending": outcome.sending,
        "bounce": outcome.bounce if isinstance(outcome, MailBounced) else None,
        "status": outcome.status if isinstance(outcome, MailBounced) else None,
        "retry_at": outcome.retry_at if isinstance(outcome, MailDeferred) else None,
    }
