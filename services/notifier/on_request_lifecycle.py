"""What notifier does with the lifecycle of requests: writes down each mail that is owed, once."""

import re
from collections.abc import Awaitable, Callable, Sequence
from hashlib import sha256

from sqlalchemy.ext.asyncio import AsyncSession

from services.notifier.contents import ContentsBox, open_contents
from services.notifier.deliveries import NewDelivery, add
from services.notifier.domain import message_id, sealed_message_of, template_for
from shared.events.envelope import Envelope
from shared.events.event import Event
from shared.events.request_lifecycle import RequestLifecycle
from shared.sealing import Opener

PLAIN_ID = re.compile(r"[A-Za-z0-9_-]{1,120}")


def request_lifecycle_handler(
    opener: Opener, box: ContentsBox, mail_domain: str
) -> Callable[[AsyncSession, Sequence[Envelope[Event]]], Awaitable[None]]:
    """Give the handler of a batch; it raises `Rejected` for an event whose sealed parts cannot be opened."""

    async def on_request_lifecycle(session: AsyncSession, envelopes: Sequence[Envelope[Event]]) -> None:
        await add(session, [new for envelope in envelopes if (new := _delivery(envelope, opener, box, mail_domain))])

    return on_request_lifecycle


def _delivery(envelope: Envelope[Event], opener: Opener, box: ContentsBox, mail_domain: str) -> NewDelivery | None:
    event = envelope.event
    template = template_for(event)
    if template is None or not isinstance(event, RequestLifecycle):
        return None
    contents = open_contents(opener, event.request_id, event.sealed_contact, sealed_message_of(event))
    mail = message_id(_plain(envelope.id), template, mail_domain)
    return NewDelivery(
        event_id=envelope.id,
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


def _plain(event_id: str) -> str:
    return event_id if PLAIN_ID.fullmatch(event_id) else sha256(event_id.encode()).hexdigest()
