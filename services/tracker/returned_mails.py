"""Mails that came back after a mail server had taken them: a person sends one again, also to a corrected address, or settles it with a note."""

from collections.abc import Sequence
from datetime import datetime, timezone
from typing import Any

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncSession
from uuid_utils.compat import uuid7

from services.tracker.ask_notifier import Notifier
from services.tracker.correct_address import correct_address
from services.tracker.handle_request import By
from services.tracker.keyring import Keyring
from services.tracker.models import HistoryEntry, OwedMail, TrackedRequest
from shared.logs import get_log
from shared.problems import InvalidFields, NotFound, Unavailable

log = get_log(__name__)

MOST_SHOWN = 100
LONGEST_NOTE = 2_000
WAITING = text("""
    select owed.event_id, owed.request_id, owed.template, owed.returned_at, owed.return_status, owed.sending, last.bounce,
        requests.work_number, requests.service_title_fi, requests.first_name, requests.last_name, requests.phone, requests.email
    from (
        select * from owed_mails where returned_at is not null and settled_at is null order by returned_at, event_id limit :most
    ) owed join requests using (request_id) left join lateral (
        select bounce from mail_outcomes told
        where told.request_id = owed.request_id and told.cause_id = owed.event_id and told.type = 'mail.bounced.v1'
            and told.sending = owed.sending and told.bounce <> 'soft' order by occurred_at desc limit 1
    ) last on true order by owed.returned_at, owed.event_id
""")


async def list_returned_mails(session: AsyncSession, most: int = MOST_SHOWN) -> Sequence[Row[Any]]:
    """Give those that wait for a person, the oldest first, with who asked and how to reach them."""
    return (await session.execute(WAITING, {"most": most})).all()


async def send_returned_mail_again(
    session: AsyncSession, event_id: str, by: By, *, email: str | None, notifier: Notifier | None, keyring: Keyring
) -> OwedMail:
    """Have a mail sent once more, to the request's address or to a corrected one, which later mails then go to as well.

    From now on it is owed as if it were new. Raises `NotFound`, `InvalidFields`, what `Notifier.send_again` raises, or `Unavailable` where the
    settings do not say where notifier is.
    """
    mail, request = await _returned_mail(session, event_id)
    if notifier is None:
        raise Unavailable("TRACKER_NOTIFIER_URL is not set")
    address = (email or "").strip() or request.email
    mail.sending = await notifier.send_again(mail, address)
    if address != request.email:
        await correct_address(session, request, address, by, keyring)
    mail.failed_at = mail.returned_at = mail.returned_message_id = mail.return_status = mail.settled_at = mail.settled_by = None
    mail.since = datetime.now(timezone.utc)
    _note(session, mail, "mail.sent_again", by)
    return mail


async def settle_returned_mail(session: AsyncSession, event_id: str, by: By, note: str) -> OwedMail:
    """Settle the matter without the mail and say how; it counts as failed for ever. A second time changes nothing."""
    said = note.replace("\x00", "").strip()
    if not said or len(said) > LONGEST_NOTE:
        raise InvalidFields([{"field": "note", "message": f"Say in 1 to {LONGEST_NOTE} characters how the citizen knows"}])
    mail, _ = await _returned_mail(session, event_id)
    if mail.settled_at is None:
        mail.settled_at, mail.settled_by, mail.settled_note = datetime.now(timezone.utc), by.name, said
        _note(session, mail, "mail.settled", by, note=said)
    return mail


async def _returned_mail(session: AsyncSession, event_id: str) -> tuple[OwedMail, TrackedRequest]:
    """Give the mail that an event owes and that came back, and its request, both locked; raises `NotFound`."""
    mail = await session.get(OwedMail, event_id, with_for_update=True)
    request = await session.get(TrackedRequest, mail.request_id, with_for_update=True) if mail else None
    if mail is None or request is None or mail.returned_at is None:
        raise NotFound("There is no such returned mail")
    return mail, request


def _note(session: AsyncSession, mail: OwedMail, kind: str, by: By, **details: str) -> None:
    facts = {"template": mail.template, "sending": mail.sending, **details}
    now = datetime.now(timezone.utc)
    session.add(
        HistoryEntry(request_id=mail.request_id, event_id=uuid7(), type=kind, occurred_at=now, actor_kind=by.kind, actor=by.name, details=facts)
    )
    log.info(kind.replace(".", "_"), request_id=str(mail.request_id), template=mail.template, by=by.name)
