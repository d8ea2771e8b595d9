"""Lists mails that failed; an operator has one sent again, or settles it with a note.

To settle means that the citizen was informed in another way.
"""

from collections.abc import Sequence
from datetime import datetime, timezone
from http import HTTPStatus
from typing import Any

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncSession

from services.tracker.clients.notifier import Notifier
from services.tracker.domain import By
from services.tracker.mails.send_mail_again import note_on_mail
from services.tracker.models import OwedMail
from services.tracker.personal_data.keyring import Keyring
from services.tracker.personal_data.record_read import record_read
from services.tracker.trouble.settle_note import read_note
from shared.process.logs import get_log
from shared.web.problems import NotFound, Problem, Unavailable

log = get_log(__name__)

MAX_SHOWN = 100
WAITING = text("""
    select owed.event_id, owed.request_id, owed.template, owed.failed_at, owed.failure, last.attempt,
        last.reply,
        requests.work_number, requests.service_title_fi, requests.first_name, requests.last_name,
            requests.phone, requests.email
    from (
        select * from owed_mails where failed_at is not null and returned_at is null and settled_at is null
            order by failed_at, event_id limit :most
    ) owed join requests using (request_id) left join lateral (
        select attempt, reply from mail_outcomes outcome
        where outcome.request_id = owed.request_id and outcome.cause_id = owed.event_id
            and outcome.type = 'mail.failed.v1' order by occurred_at desc limit 1
    ) last on true order by owed.failed_at, owed.event_id
""")


class NoLongerFailed(Problem):
    """409: notifier does not hold the mail as failed."""

    status = HTTPStatus.CONFLICT
    slug = "no-longer-failed"
    title = "The mail is about to go, or went"


async def list_failed_mails(
    session: AsyncSession, keyring: Keyring, by: By, most: int = MAX_SHOWN
) -> Sequence[Row[Any]]:
    """Return those that wait for an operator, the oldest first, with who asked and what the mail server said.

    The read is recorded.
    """
    mails = (await session.execute(WAITING, {"most": most})).all()
    await record_read(session, keyring.reads_key, by, "failed-mails", [mail.request_id for mail in mails])
    return mails


async def retry_failed_mail(
    session: AsyncSession, event_id: str, by: str, notifier: Notifier | None
) -> OwedMail:
    """Have a mail tried again now; from now on it is owed as if it were new.

    Raises `NotFound`, `NoLongerFailed`, or `Unavailable` while notifier is away or the settings do not say
    where it is.
    """
    mail = await _failed_mail(session, event_id)
    if notifier is None:
        raise Unavailable("TRACKER_NOTIFIER_URL is not set")
    if not await notifier.retry(mail):
        raise NoLongerFailed
    mail.failed_at = mail.failure = mail.settled_at = mail.settled_by = None
    mail.since = datetime.now(timezone.utc)
    log.info("failed_mail_tried_again", request_id=str(mail.request_id), template=mail.template, by=by)
    return mail


async def settle_failed_mail(session: AsyncSession, event_id: str, by: By, note: str | None) -> OwedMail:
    """Settle the matter without the mail; it counts as failed for ever, and is an alarm no longer.

    A second time changes nothing.

    `note` says how the citizen knows; it is shown on the request's timeline.

    """
    said, mail = read_note(note), await _failed_mail(session, event_id)
    if mail.settled_at is None:
        mail.settled_at, mail.settled_by, mail.settled_note = datetime.now(timezone.utc), by.name, said
        note_on_mail(session, mail, "mail.settled", by, **({"note": said} if said else {}))
    return mail


async def _failed_mail(session: AsyncSession, event_id: str) -> OwedMail:
    """Return the mail that an event owes and that failed, locked.

    Raises `NotFound` where it went meanwhile, or never failed.
    """
    mail = await session.get(OwedMail, event_id, with_for_update=True)
    if mail is None or mail.failed_at is None or mail.returned_at is not None:
        raise NotFound("There is no such failed mail")
    return mail
