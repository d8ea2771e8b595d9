"""An operator has a mail sent once more, also to a corrected address.

That is a sending of its own, with its own Message-ID and return path.
"""

from http import HTTPStatus

from pydantic import BaseModel, Field
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from services.notifier.delivery_states import sources
from services.notifier.domain import message_id_of_sending
from services.notifier.mail.bounces.return_path import LAST_SENDING
from services.notifier.mail.mail_channel import MAIL
from services.notifier.models import Delivery, SentContents
from services.notifier.queue.again import notify_due
from services.notifier.write.contents import Contents, ContentsBox, Unreadable
from shared.process.logs import get_log
from shared.text.mail_address import BadAddress, mailbox_address
from shared.web.problems import InvalidFields, NotFound, Problem

log = get_log(__name__)


class SendAgain(BaseModel):
    """What to change, and which sending the caller has seen."""

    email: str | None = Field(
        default=None, max_length=320, description="The corrected address; null: the same as before"
    )
    after: int | None = Field(
        default=None,
        ge=1,
        description="The `sending` that is to be repeated; another one is a 409, so that a retry is safe",
    )


class NotSendable(Problem):
    """409: the mail is still under way, or was sent again meanwhile."""

    status = HTTPStatus.CONFLICT
    slug = "not-sendable"
    title = "Only the last sending of a mail that was sent or failed can be repeated"


class ContentsGone(Problem):
    """409: the mail was sent so long ago that what it said is no longer kept."""

    status = HTTPStatus.CONFLICT
    slug = "contents-gone"
    title = "The mail's contents are no longer kept"


async def send_again(session: AsyncSession, box: ContentsBox, delivery_id: int, order: SendAgain) -> Delivery:
    """Make a new sending of a mail due now; the worker is notified by the commit."""
    mail = await session.get(Delivery, delivery_id, with_for_update=True)
    if mail is None or mail.channel != MAIL:
        raise NotFound("There is no such delivery")
    if (
        mail.state not in sources("send_again")
        or order.after not in {None, mail.sending}
        or mail.sending == LAST_SENDING
    ):
        raise NotSendable(f"It is {mail.state}, sending {mail.sending}")
    contents = await _contents(session, box, mail)
    if order.email is not None:
        contents = contents.model_copy(update={"email": _checked(order.email)})
    mail.sending += 1
    mail.message_id = message_id_of_sending(mail.message_id, mail.sending)
    mail.contents = box.lock(contents, mail.message_id)
    mail.state, mail.attempts, mail.last_reply = "pending", 0, None
    mail.finished_at = mail.returned_at = mail.return_status = mail.settled_by = mail.settled_note = None
    mail.next_attempt_at = mail.trying_since = (await session.execute(select(func.now()))).scalar_one()
    await session.flush()
    await notify_due(session)
    log.info(
        "mail_sent_again",
        delivery=mail.id,
        request_id=str(mail.request_id),
        sending=mail.sending,
        corrected=order.email is not None,
    )
    return mail


async def _contents(session: AsyncSession, box: ContentsBox, mail: Delivery) -> Contents:
    kept = await session.get(SentContents, mail.id)
    locked = mail.contents if mail.contents is not None else kept.contents if kept else None
    if kept:
        await session.delete(kept)
    try:
        if locked is not None:
            return box.unlock(locked, mail.message_id)
    except Unreadable as error:
        log.warning("contents_unreadable", delivery=mail.id, error=str(error))
    raise ContentsGone


def _checked(email: str) -> str:
    try:
        mailbox_address(email)
    except BadAddress as error:
        raise InvalidFields(
            [{"field": "email", "message": f"This is not an e-mail address: {error}"}]
        ) from None
    return email.strip()
