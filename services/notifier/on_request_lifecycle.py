"""Handles the lifecycle of requests.

Writes each mail that is owed, once, and empties those of an erased request.
"""

import re
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from hashlib import sha256
from typing import NamedTuple

from sqlalchemy.ext.asyncio import AsyncSession

from services.notifier.delivery import Added, Claimed, NewDelivery
from services.notifier.domain import message_id, sealed_message_of, template_for
from services.notifier.mail.mail_channel import MAIL, waiting_mail
from services.notifier.models import CanaryMail
from services.notifier.queue.channel import Waiting
from services.notifier.queue.deliveries import add
from services.notifier.queue.hand_over import HandOver
from services.notifier.retention import erase_requests
from services.notifier.settings import Settings
from services.notifier.write.contents import Contents, ContentsBox, open_contents
from shared import canary
from shared.crypto.sealing import Opener
from shared.events.envelope import Envelope
from shared.events.event import Event
from shared.events.request_lifecycle import RequestErased, RequestLifecycle, RequestRegistered
from shared.kafka.consume import Handler
from shared.text.mail_address import BadAddress, MailboxAddress, mailbox_address

PLAIN_ID = re.compile(r"[A-Za-z0-9_-]{1,120}")


class Owed(NamedTuple):
    """A mail that is owed for an event, and what it holds in clear."""

    row: NewDelivery
    contents: Contents


def lifecycle_handler(settings: Settings, hand_over: HandOver) -> Handler:
    """Make the handler of the worker's consumer."""
    keys = settings.sealing_private_keys.get_secret_value()
    return partial(
        on_request_lifecycle,
        opener=Opener(keys),
        box=ContentsBox(keys),
        mail_domain=settings.sender.rpartition("@")[2],
        hand_over=hand_over,
    )


async def on_request_lifecycle(
    session: AsyncSession,
    envelopes: Sequence[Envelope[Event]],
    *,
    opener: Opener,
    box: ContentsBox,
    mail_domain: str,
    hand_over: HandOver,
) -> Callable[[], None]:
    """Write the mails of a batch, and return what hands them to the senders once that is committed.

    Raises `Rejected` for an event whose sealed parts cannot be opened.
    """
    owed = [each for envelope in envelopes if (each := _owed(envelope, opener, box, mail_domain))]
    ours = _straight_to_the_senders(owed, hand_over.begin())
    rows = [each.row._replace(owner=hand_over.owner) if each.row.key in ours else each.row for each in owed]
    added = await add(session, rows)
    for row in rows:
        if row.work_number == canary.WORK_NUMBER:
            await session.merge(CanaryMail(event_id=row.event_id))
    if erased := [
        envelope.event.request_id for envelope in envelopes if isinstance(envelope.event, RequestErased)
    ]:
        await erase_requests(session, erased)
    waiting = [_waiting(each, *ours[each.key]) for each in added if each.key in ours]
    return hand_over.after_commit(waiting, others=len(waiting) < len(added))


def _owed(envelope: Envelope[Event], opener: Opener, box: ContentsBox, mail_domain: str) -> Owed | None:
    event = envelope.event
    template = template_for(event)
    if template is None or not isinstance(event, RequestLifecycle):
        return None
    contents = open_contents(opener, event.request_id, event.sealed_contact, sealed_message_of(event))
    if isinstance(event, RequestRegistered) and not event.answer_promised:
        contents = contents.model_copy(update={"answer_promised": False})
    mail = message_id(_plain(envelope.id), template, mail_domain)
    row = NewDelivery(
        event_id=envelope.id,
        channel=MAIL,
        request_id=event.request_id,
        template=template,
        language=event.language,
        work_number=event.work_number,
        service_title=event.service_title,
        submitted_at=event.submitted_at,
        due_at=event.due_at,
        occurred_at=event.occurred_at,
        message_id=mail,
        traceparent=envelope.traceparent,
        contents=box.lock(contents, mail),
    )
    return Owed(row, contents)


def _straight_to_the_senders(
    owed: Sequence[Owed], room: int
) -> dict[tuple[str, str], tuple[Owed, MailboxAddress]]:
    """Choose the mails that need no claim: a later mail of a request may have to wait for an earlier one."""
    ours: dict[tuple[str, str], tuple[Owed, MailboxAddress]] = {}
    for each in owed:
        if len(ours) < room and each.row.template == "receipt":
            with suppress(BadAddress):
                ours[each.row.key] = each, mailbox_address(each.contents.email)
    return ours


def _waiting(added: Added, owed: Owed, to: MailboxAddress) -> Waiting:
    facts = {name: getattr(owed.row, name) for name in Claimed._fields if name in NewDelivery._fields}
    mail = Claimed(
        **facts,
        id=added.id,
        thread_id=None,
        attempts=0,
        trying_since=added.trying_since,
        due_since=added.due_since,
    )
    return waiting_mail(mail, owed.contents, to)


def _plain(event_id: str) -> str:
    return event_id if PLAIN_ID.fullmatch(event_id) else sha256(event_id.encode()).hexdigest()
