"""Sends a mail that bounced or failed once more, also to a corrected address.

The request's later mails then go to that address too.
"""

from contextlib import suppress
from datetime import datetime, timezone

from sqlalchemy.ext.asyncio import AsyncSession

from services.tracker.clients.notifier import Notifier
from services.tracker.domain import By
from services.tracker.handle.handle_request import ContentsRemoved
from services.tracker.mails.correct_address import correct_address
from services.tracker.models import OwedMail, TrackedRequest
from services.tracker.personal_data.keyring import Keyring
from services.tracker.trouble.settle_note import note_on_timeline
from shared.process.logs import get_log
from shared.text.mail_address import BadAddress, mailbox_address
from shared.text.personal_codes import holds_personal_code
from shared.text.typed_text import visible
from shared.web.problems import InvalidFields, NotFound, Unavailable

log = get_log(__name__)


async def send_mail_again(
    session: AsyncSession,
    event_id: str,
    by: By,
    *,
    returned: bool,
    email: str | None,
    notifier: Notifier | None,
    keyring: Keyring,
) -> OwedMail:
    """Have a mail sent once more, to the request's address or to a corrected one.

    From now on it is owed as if it were new.

    `returned`: one that came back; otherwise one that failed. Raises `NotFound`, `ContentsRemoved`,
    `InvalidFields`, what `Notifier.send_again` raises, or `Unavailable` where the settings do not say where
    notifier is.
    """
    mail, request = await undelivered_mail(session, event_id, returned=returned)
    if request.erased_at is not None:
        raise ContentsRemoved
    if notifier is None:
        raise Unavailable("TRACKER_NOTIFIER_URL is not set")
    address = _as_mailed(visible(email or "")) or request.email
    if address != request.email and holds_personal_code(address):
        raise InvalidFields(
            [{"field": "email", "message": "Leave the henkilötunnus out: addresses are not encrypted"}]
        )
    mail.sending = await notifier.send_again(mail, address)
    if address != request.email:
        await correct_address(session, request, address, by, keyring)
    mail.failed_at = mail.failure = mail.returned_at = mail.returned_message_id = mail.return_status = None
    mail.settled_at = mail.settled_by = mail.settled_note = None
    mail.since = datetime.now(timezone.utc)
    note_on_mail(session, mail, "mail.sent_again", by)
    return mail


def _as_mailed(typed: str) -> str:
    """Return an address with its domain as it is kept.

    What is none stays as it is, and is refused by notifier.
    """
    with suppress(BadAddress):
        return mailbox_address(typed).address
    return typed


async def undelivered_mail(
    session: AsyncSession, event_id: str, *, returned: bool
) -> tuple[OwedMail, TrackedRequest]:
    """Return the mail that an event owes and that came back, or failed, and its request, both locked.

    Raises `NotFound`.
    """
    mail = await session.get(OwedMail, event_id, with_for_update=True)
    request = await session.get(TrackedRequest, mail.request_id, with_for_update=True) if mail else None
    if (
        mail is None
        or request is None
        or mail.failed_at is None
        or (mail.returned_at is not None) != returned
    ):
        raise NotFound("There is no such mail")
    return mail, request


def note_on_mail(session: AsyncSession, mail: OwedMail, kind: str, by: By, **details: str) -> None:
    """Enter into the history what a person did about a mail."""
    note_on_timeline(
        session, mail.request_id, kind, by, template=mail.template, sending=mail.sending, **details
    )
    log.info(kind.replace(".", "_"), request_id=str(mail.request_id), template=mail.template, by=by.name)
