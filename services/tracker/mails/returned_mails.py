"""Lists mails that bounced after the mail server had accepted them; each is sent again or settled."""

from collections.abc import Sequence
from datetime import datetime, timezone
from typing import Any

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncSession

from services.tracker.domain import By
from services.tracker.mails.send_mail_again import note_on_mail, undelivered_mail
from services.tracker.models import OwedMail
from services.tracker.personal_data.keyring import Keyring
from services.tracker.personal_data.record_read import record_read
from services.tracker.trouble.settle_note import NOTE_NEEDED, read_note

MAX_SHOWN = 100
WAITING = text("""
    select owed.event_id, owed.request_id, owed.template, owed.returned_at, owed.return_status, owed.sending,
        last.bounce,
        requests.work_number, requests.service_title_fi, requests.first_name, requests.last_name,
            requests.phone, requests.email
    from (
        select * from owed_mails where returned_at is not null and settled_at is null
            order by returned_at, event_id limit :most
    ) owed join requests using (request_id) left join lateral (
        select bounce from mail_outcomes outcome
        where outcome.request_id = owed.request_id and outcome.cause_id = owed.event_id
            and outcome.type = 'mail.bounced.v1'
            and outcome.sending = owed.sending and outcome.bounce <> 'soft' order by occurred_at desc limit 1
    ) last on true order by owed.returned_at, owed.event_id
""")


async def list_returned_mails(
    session: AsyncSession, keyring: Keyring, by: By, most: int = MAX_SHOWN
) -> Sequence[Row[Any]]:
    """Return those that wait for a person, the oldest first, with who asked and how to reach them.

    The read is recorded.
    """
    mails = (await session.execute(WAITING, {"most": most})).all()
    await record_read(session, keyring.reads_key, by, "returned-mails", [mail.request_id for mail in mails])
    return mails


async def settle_returned_mail(session: AsyncSession, event_id: str, by: By, note: str) -> OwedMail:
    """Settle the matter without the mail and say how; it counts as failed for ever.

    A second time changes nothing.
    """
    said = read_note(note)
    if said is None:
        raise NOTE_NEEDED
    mail, _ = await undelivered_mail(session, event_id, returned=True)
    if mail.settled_at is None:
        mail.settled_at, mail.settled_by, mail.settled_note = datetime.now(timezone.utc), by.name, said
        note_on_mail(session, mail, "mail.settled", by, note=said)
    return mail
