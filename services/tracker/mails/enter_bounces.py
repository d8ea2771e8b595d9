"""Records that a mail bounced: its receipt counts as failed, and it waits for an operator.

The outcomes of one mail may arrive in any order.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

FINAL = ("hard", "unclear")
COLUMNS = {
    "request_id": "uuid",
    "cause_id": "text",
    "template": "text",
    "message_id": "text",
    "sending": "int",
    "occurred_at": "timestamptz",
    "status": "text",
}
# A report about a sending that was repeated since says nothing about the repetition. A row that was not there
# had been paid off by `mail.sent`.
ENTER = text(f"""
    with given as (
        select * from unnest({", ".join(f"cast(:{name} as {kind}[])" for name, kind in COLUMNS.items())})
            as given ({", ".join(COLUMNS)})
    ), latest as (
        select distinct on (cause_id) given.* from given
        join history on history.request_id = given.request_id and history.event_id::text = given.cause_id
        where not exists (
            select from mail_outcomes later where later.request_id = given.request_id
            and later.cause_id = given.cause_id and later.template = given.template
                and later.sending > given.sending
        ) order by cause_id, sending desc, occurred_at
    ), entered as (
        insert into owed_mails as owed
            (event_id, request_id, template, since, failed_at, returned_at, returned_message_id,
                return_status, sending)
        select cause_id, request_id, template, occurred_at, occurred_at, occurred_at, message_id, status,
            sending from latest
        on conflict (event_id) do update
            set failed_at = excluded.failed_at, returned_at = excluded.returned_at,
            returned_message_id = excluded.returned_message_id, return_status = excluded.return_status,
                sending = excluded.sending,
            settled_at = null, settled_by = null, settled_note = null
        where owed.template = excluded.template and owed.sending <= excluded.sending
            and owed.returned_message_id is distinct from excluded.returned_message_id
        returning template, xmax = 0 as was_paid
    )
    insert into ledger_counts (name, n)
    select 'receipted', -count(*) from entered where was_paid and template = 'receipt' having count(*) > 0
""")  # noqa: S608  made of the names above only


async def enter_bounces(session: AsyncSession, bounces: Sequence[Mapping[str, Any]]) -> None:
    """Enter those that are final (rows of `mail_outcomes`, entered already).

    The same ones again change nothing.
    """
    final = [row for row in bounces if row["bounce"] in FINAL]
    if final:
        await session.execute(ENTER, {name: [row[name] for row in final] for name in COLUMNS})
