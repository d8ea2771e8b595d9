"""Tracker, notifier and Debian's Postfix.

A receipt that a relay took and bounced is owed again, and arrives at the right address at last.

The events go as the services' own bytes from one database to the other; only Kafka is left out.
"""

import json
from collections import deque
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from uuid import UUID

import pytest
from uuid_utils.compat import uuid7

from services.notifier.mail.mail_channel import MAIL
from services.notifier.mail.mail_outcome import mail_outcome
from services.notifier.mail.send_again import SendAgain, send_again
from services.notifier.queue.dispatch import Dispatcher
from services.notifier.queue.publish_outcomes import outcomes_outbox
from services.notifier.write.contents import ContentsBox
from services.tracker.domain import By
from services.tracker.handle.publish_history import HISTORY
from services.tracker.mails.on_mail_outcome import on_mail_outcome
from services.tracker.mails.send_mail_again import send_mail_again
from services.tracker.models import OwedMail
from services.tracker.personal_data.keyring import read_keyring
from shared.crypto.sealing import public_key_of
from shared.database.engine import Sessions, open_database
from shared.events.envelope import Envelope, decode
from shared.events.event import Event
from shared.outbox.publish import Outbox
from tests.conftest import FreshDatabase
from tests.eventually import eventually
from tests.infra.postfix import postfix
from tests.service.notifier.bounce_reports import RETURN_PATH, report_listener
from tests.service.notifier.builders import PRIVATE_KEY, SEALER, handle_batch, running_dispatcher
from tests.service.notifier.builders import make_settings as notifier_settings
from tests.service.notifier.mail_server import MailServer, free_port
from tests.service.tracker.builders import make_settings, submission
from tests.service.tracker.database import fetch_rows, register
from tests.service.tracker.ledger_builders import read_ledger

KEYRING = read_keyring(make_settings(notifier_sealing_key=public_key_of(PRIVATE_KEY)))
PATIENCE = 60.0


@dataclass
class Services:
    """Both databases, and what has been carried from one to the other."""

    tracker: Sessions
    notifier: Sessions
    dispatcher: Dispatcher
    carried: set[tuple[str, int]] = field(default_factory=set)

    async def carry(self) -> None:
        """Do what Kafka and the consumers do."""
        if events := await self._new(self.tracker, HISTORY):
            await handle_batch(self.notifier, events, self.dispatcher)
        if outcomes := await self._new(self.notifier, outcomes_outbox({MAIL: mail_outcome})):
            async with self.tracker.begin() as session:
                await on_mail_outcome(session, outcomes)

    async def _new(self, sessions: Sessions, outbox: Outbox) -> Sequence[Envelope[Event]]:
        found = await fetch_rows(
            sessions,
            f"select * from {outbox.entries.table} where {outbox.entries.waiting} order by id",  # noqa: S608  our own names
        )
        new = [row for row in found if (outbox.name, row.id) not in self.carried]
        self.carried |= {(outbox.name, row.id) for row in new}
        messages = [outbox.entries.message(row._mapping) for row in new]  # type: ignore[arg-type]  # noqa: SLF001  by its names, as a record
        return [decode(message.value, message.headers) for message in messages]

    async def send_again(self, mail: OwedMail, email: str) -> int:
        """Do what tracker asks of notifier over HTTP."""
        (found,) = await fetch_rows(
            self.notifier, "select id from deliveries where event_id = :event_id", event_id=mail.event_id
        )
        async with self.notifier.begin() as session:
            view = await send_again(
                session, ContentsBox(PRIVATE_KEY), found.id, SendAgain(email=email, after=mail.sending)
            )
        self.dispatcher.wake()
        return view.sending

    async def counts(self) -> tuple[int, int, int, int]:
        """Return numbered, receipted, failed and under way."""
        await self.carry()
        ledger = await read_ledger(self.tracker)
        return ledger.numbered, ledger.receipted, ledger.receipts_failed, ledger.receipts_waiting


@pytest.fixture
async def mailboxes() -> AsyncIterator[MailServer]:
    server = MailServer(free_port())
    await server.open()
    yield server
    await server.close()


async def submit(services: Services, email: str) -> UUID:
    request_id = UUID(str(uuid7()))
    contact = json.dumps({"email": email, "first_name": "Aino"}).encode()
    sealed = SEALER.seal(contact, purpose="contact", request_id=request_id)
    await register(
        services.tracker, KEYRING, submission(request_id, person={"email": email}, sealed_contact=sealed)
    )
    return request_id


async def test_receipts_that_a_relay_bounced_are_owed_again_until_they_arrive(
    migrated_database: FreshDatabase, mailboxes: MailServer
) -> None:
    tracker_dsn, notifier_dsn = await migrated_database("tracker"), await migrated_database("notifier")
    wrong = [f"wrong-{number}@kansalainen.example" for number in range(3)]
    for address in wrong:
        mailboxes.rcpt[address] = deque(["550 5.1.1 No such mailbox"] * 9)
    async with open_database(tracker_dsn) as tracker, open_database(notifier_dsn) as notifier:
        settings = notifier_settings(notifier_dsn, 1, return_path=RETURN_PATH)
        async with report_listener(settings, notifier) as inbound:
            routes = {
                "kansalainen.example": f"smtp:[127.0.0.1]:{mailboxes.port}",
                "kunta.example": f"smtp:[127.0.0.1]:{inbound}",
            }
            async with (
                postfix(routes) as relay,
                running_dispatcher(settings.model_copy(update={"smtp_port": relay}), notifier) as dispatcher,
            ):
                services = Services(tracker, notifier, dispatcher)
                for address in (*wrong, "right@kansalainen.example"):
                    await submit(services, address)

                async def all_came_back() -> None:
                    assert await services.counts() == (4, 1, 3, 0)

                await eventually(all_came_back, PATIENCE)
                items = await fetch_rows(
                    tracker, "select event_id from owed_mails where returned_at is not null"
                )
                for number, item in enumerate(items):
                    async with tracker.begin() as session:
                        await send_mail_again(
                            session,
                            item.event_id,
                            By("staff", "olli"),
                            returned=True,
                            email=f"corrected-{number}@kansalainen.example",
                            notifier=services,  # type: ignore[arg-type]  # it answers what is asked of it
                            keyring=KEYRING,
                        )
                assert (await services.counts())[2] == 0

                async def all_arrived() -> None:
                    assert await services.counts() == (4, 4, 0, 0)
                    for number in range(3):
                        assert len(mailboxes.addressed(f"corrected-{number}@kansalainen.example")) == 1

                await eventually(all_arrived, PATIENCE)
    assert len(items) == len(wrong)
