"""A mail was sent, deferred or has failed: onto its request's timeline, and off what is owed."""

from collections.abc import Sequence

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from shared.events.envelope import Envelope
from shared.events.event import Event
from shared.events.mail_outcomes import MailDeferred, MailFailed, MailOutcome
from shared.logs import get_log
from shared.rejected import Rejected

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
}
ENTER = text(f"""
    with told as (
        insert into mail_outcomes ({", ".join(COLUMNS)})
        select * from unnest({", ".join(f"cast(:{name} as {kind}[])" for name, kind in COLUMNS.items())})
        on conflict do nothing
        returning cause_id, template, type, occurred_at, coalesce(codes, reply) as failure
    ), latest as (
        select distinct on (cause_id, template) cause_id, template, type, occurred_at, failure from told
        order by cause_id, template, type = 'mail.sent.v1' desc, occurred_at desc
    ), paid as (
        delete from owed_mails owed using latest
        where owed.event_id = latest.cause_id and owed.template = latest.template and latest.type = 'mail.sent.v1'
        returning owed.template
    ), kept_waiting as (
        update owed_mails owed set failed_at = case when latest.type = 'mail.failed.v1' then latest.occurred_at end,
            failure = case when latest.type = 'mail.failed.v1' then latest.failure end, settled_at = null, settled_by = null
        from latest where owed.event_id = latest.cause_id and owed.template = latest.template and latest.type <> 'mail.sent.v1'
    )
    insert into ledger_counts (name, n) select 'receipted', count(*) from paid where template = 'receipt' having count(*) > 0
""")  # noqa: S608  made of the names above only
LONGEST = 500
MOST_ATTEMPTS = 1_000_000


async def on_mail_outcome(session: AsyncSession, envelopes: Sequence[Envelope[Event]]) -> None:
    """Enter each outcome once, by its event id; raises `Rejected` where one cannot be kept."""
    rows = [_row(envelope, envelope.event) for envelope in envelopes if isinstance(envelope.event, MailOutcome)]
    if rows:
        await session.execute(ENTER, {name: [row[name] for row in rows] for name in COLUMNS})


def _row(envelope: Envelope[Event], outcome: MailOutcome) -> dict[str, object]:
    texts = {"event_id": envelope.id, "cause_id": outcome.cause_id, "template": outcome.template, "message_id": outcome.message_id}
    for name, value in texts.items():
        if "\x00" in value or len(value) > LONGEST:
            raise Rejected("bad-data", f"{outcome.type}: {name}")
    if outcome.attempt > MOST_ATTEMPTS:
        raise Rejected("bad-data", f"{outcome.type}: attempt")
    if isinstance(outcome, MailFailed):
        log.error("mail_failed", request_id=str(outcome.request_id), template=outcome.template, reply=outcome.reply)
    return {
        **texts,
        "request_id": outcome.request_id,
        "type": outcome.type,
        "occurred_at": outcome.occurred_at,
        "attempt": outcome.attempt,
        "reply": outcome.reply if isinstance(outcome, MailDeferred | MailFailed) else None,
        "codes": outcome.codes if isinstance(outcome, MailDeferred | MailFailed) else None,
        "retry_at": outcome.retry_at if isinstance(outcome, MailDeferred) else None,
    }
