"""What became of a mail stands on its request's timeline, once."""

from datetime import datetime, timedelta, timezone

import pytest
from sqlalchemy import text

from services.tracker.domain import By
from services.tracker.find.show_request import show_request
from services.tracker.mails.on_mail_outcome import on_mail_outcome
from services.tracker.personal_data.keyring import Keyring
from services.tracker.trouble.settle_note import note_on_timeline
from shared.database.engine import Sessions
from shared.events.envelope import Envelope
from shared.events.event import Event
from shared.events.mail_outcomes import MailDeferred, MailFailed, MailSent
from shared.events.rejected import Rejected
from tests.service.tracker.builders import NOW
from tests.service.tracker.database import fetch_rows, register_one

SOURCE = "/asiointi/notifier"


async def tell(sessions: Sessions, *envelopes: Envelope[Event]) -> None:
    async with sessions.begin() as session:
        await on_mail_outcome(session, envelopes)


async def test_mails_stand_on_the_timeline_in_the_order_of_their_times(
    sessions: Sessions, keyring: Keyring
) -> None:
    request_id = await register_one(sessions, keyring)
    facts = {"request_id": request_id, "cause_id": "c", "template": "receipt", "message_id": "<m@asiointi>"}
    registered = datetime.now(timezone.utc)
    times = [registered + timedelta(minutes=minutes) for minutes in (5, 10, 15)]
    deferred: Envelope[Event] = Envelope(
        MailDeferred(**facts, attempt=1, occurred_at=times[0], reply="4xx", retry_at=times[1]), SOURCE
    )
    failed: Envelope[Event] = Envelope(
        MailFailed(**facts, attempt=2, occurred_at=times[1], reply="5xx"), SOURCE
    )
    sent: Envelope[Event] = Envelope(MailSent(**facts, attempt=3, occurred_at=times[2]), SOURCE)
    await tell(sessions, sent, deferred, sent)
    await tell(sessions, failed, sent, deferred)
    async with sessions() as session:
        whole = await show_request(session, request_id, keyring, By("staff", "olli"))
    assert [each.type for each in whole.timeline] == [
        "request.registered.v1",
        "mail.deferred.v1",
        "mail.failed.v1",
        "mail.sent.v1",
    ]
    deferral = whole.timeline[1].details
    assert deferral is not None
    assert (deferral["reply"], deferral["retry_at"], deferral["attempt"]) == ("4xx", times[1].isoformat(), 1)


async def test_a_mail_that_is_sent_again_stands_after_the_entry_that_says_so(
    sessions: Sessions, keyring: Keyring
) -> None:
    request_id = await register_one(sessions, keyring)
    before, sent_at = datetime.now(timezone.utc) + timedelta(minutes=1), datetime.now(timezone.utc)
    facts = {"request_id": request_id, "cause_id": "c", "template": "receipt"}
    first: Envelope[Event] = Envelope(
        MailFailed(**facts, message_id="<1@a>", attempt=1, occurred_at=sent_at, reply="5xx"), SOURCE
    )
    again = facts | {"message_id": "<2@a>", "sending": 2}
    deferred: Envelope[Event] = Envelope(
        MailDeferred(**again, attempt=1, occurred_at=sent_at, reply="4xx", retry_at=before), SOURCE
    )
    failed: Envelope[Event] = Envelope(
        MailFailed(**again, attempt=2, occurred_at=sent_at + timedelta(seconds=1), reply="5xx"), SOURCE
    )
    await tell(sessions, failed, first, deferred)
    async with sessions.begin() as session:
        note_on_timeline(
            session, request_id, "mail.sent_again", By("staff", "olli"), template="receipt", sending=2
        )
        await session.flush()
        await session.execute(
            text("update history set occurred_at = :late where type = 'mail.sent_again'"), {"late": before}
        )
    async with sessions() as session:
        whole = await show_request(session, request_id, keyring, By("staff", "olli"))
    assert [each.type for each in whole.timeline][1:] == [
        "mail.failed.v1",
        "mail.sent_again",
        "mail.deferred.v1",
        "mail.failed.v1",
    ]


@pytest.mark.parametrize(
    "facts", [{"template": "a\x00"}, {"message_id": "x" * 600}, {"attempt": 2**40}, {"codes": "550\x00"}]
)
async def test_what_cannot_be_kept_is_poison(
    sessions: Sessions, keyring: Keyring, facts: dict[str, object]
) -> None:
    request_id = await register_one(sessions, keyring)
    usual = {
        "request_id": request_id,
        "cause_id": "c",
        "template": "receipt",
        "message_id": "<m>",
        "attempt": 1,
        "occurred_at": NOW,
    }
    with pytest.raises(Rejected):
        await tell(sessions, Envelope(MailFailed.model_validate(usual | {"reply": "5xx"} | facts), SOURCE))
    assert await fetch_rows(sessions, "select 1 from mail_outcomes") == []
