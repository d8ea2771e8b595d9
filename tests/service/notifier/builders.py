"""What the tests of notifier do: make events, hand them over, run the pool, look at rows."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

from pydantic import SecretStr
from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncSession

from services.notifier.mail.mail_channel import MailChannel
from services.notifier.on_request_lifecycle import on_request_lifecycle
from services.notifier.queue.channel import Channel, Waiting
from services.notifier.queue.dispatch import Dispatcher
from services.notifier.queue.hand_over import HandOver
from services.notifier.settings import Settings
from services.notifier.write.contents import ContentsBox
from shared.crypto.sealing import Opener, Sealer, generate_private_key, public_key_of
from shared.database.engine import Sessions
from shared.events.envelope import Envelope
from shared.events.event import Event
from shared.events.request_lifecycle import (
    RequestLifecycle,
    RequestRegistered,
    RequestResolved,
    RequestStateChanged,
)
from shared.web.health import Liveness
from tests.eventually import eventually

MIGRATIONS = Path(__file__).parents[3] / "services" / "notifier" / "migrations"
PRIVATE_KEY = generate_private_key()
SEALER = Sealer(public_key_of(PRIVATE_KEY))
SENDER = "asiointi@kunta.example"
SUBMITTED = datetime(2026, 11, 24, 7, 41, tzinfo=timezone.utc)


def make_settings(database_url: str, smtp_port: int, **different: Any) -> Settings:  # noqa: ANN401  any setting
    """Return settings that lose no time."""
    settings: dict[str, Any] = {
        "kafka_bootstrap_servers": "127.0.0.1:9",
        "database_url": database_url,
        "sealing_private_keys": SecretStr(PRIVATE_KEY),
        "link_key": SecretStr("a" * 42 + "A"),
        "sender": SENDER,
        "site_url": "https://asiointi.example",
        "oidc_issuer": "https://issuer.example",
        "smtp_host": "127.0.0.1",
        "smtp_port": smtp_port,
        "smtp_connections": 4,
        "smtp_timeout": 1.0,
        "retry_first_seconds": 0.2,
    }
    return Settings(**(settings | different))


class Citizen:
    """One request and what happens to it, as events."""

    def __init__(self, email: str | None = None, *, first_name: str = "Anna", language: str = "fi") -> None:
        self.request_id = uuid4()
        self.email = email or f"citizen-{self.request_id.hex[:8]}@kansalainen.example"
        self._first_name = first_name
        self._language = language

    def registered(self) -> Envelope[Event]:
        """The request got its number."""
        return self._envelope(RequestRegistered(**self._facts("received")))

    def resolved(self, text: str = "Todistus on postissa.") -> Envelope[Event]:
        """The request was resolved."""
        return self._envelope(
            RequestResolved(**self._facts("resolved"), sealed_message=seal_text(text, self.request_id))
        )

    def state_changed(self, state: str, text: str = "Mistä kuukaudesta?") -> Envelope[Event]:
        """The state changed, with a text for the citizen."""
        facts = self._facts(state)
        return self._envelope(
            RequestStateChanged(
                **facts, previous_state="in_progress", sealed_message=seal_text(text, self.request_id)
            )
        )

    def _envelope(self, event: RequestLifecycle) -> Envelope[Event]:
        return Envelope(event, "/asiointi/tracker")

    def _facts(self, state: str) -> dict[str, Any]:
        contact = json.dumps({"email": self.email, "first_name": self._first_name}).encode()
        return {
            "request_id": self.request_id,
            "work_number": "482913057",
            "service": "palkkatodistus",
            "service_title": "Tilaa palkkatodistus",
            "language": self._language,
            "queue": "palkat",
            "state": state,
            "actor_kind": "system",
            "submitted_at": SUBMITTED,
            "due_at": SUBMITTED + timedelta(days=2),
            "occurred_at": SUBMITTED,
            "sealed_contact": SEALER.seal(contact, purpose="contact", request_id=self.request_id),
        }


def seal_text(text: str, request_id: UUID) -> str:
    """Seal a text for the citizen as tracker does."""
    return SEALER.seal(json.dumps({"text": text}).encode(), purpose="message", request_id=request_id)


class NoHandOver(HandOver):
    """The way to senders that take nothing: every mail has to be claimed."""

    def __init__(self) -> None:
        self.owner = 0

    def begin(self) -> int:
        """Take nothing."""
        return 0

    def after_commit(self, ours: Sequence[Waiting] = (), *, others: bool = False) -> Callable[[], None]:  # noqa: ARG002  as the real one
        """Do nothing."""
        return lambda: None


async def handle_batch(
    sessions: Sessions, envelopes: Sequence[Envelope[Event]], dispatcher: Dispatcher | None = None
) -> None:
    """Do what the worker does with a batch of events; with a pool its mails go straight to it."""
    async with sessions.begin() as session:
        after_commit = await handle_events(
            session, envelopes, dispatcher.hand_over if dispatcher else NoHandOver()
        )
    after_commit()


async def handle_events(
    session: AsyncSession, envelopes: Sequence[Envelope[Event]], hand_over: HandOver
) -> Callable[[], None]:
    """Do the handler's part; return what is to be done after the commit."""
    box = ContentsBox(PRIVATE_KEY)
    return await on_request_lifecycle(
        session,
        envelopes,
        opener=Opener(PRIVATE_KEY),
        box=box,
        mail_domain="kunta.example",
        hand_over=hand_over,
    )


@asynccontextmanager
async def running_dispatcher(settings: Settings, sessions: Sessions) -> AsyncIterator[Dispatcher]:
    """Send mails for as long as the context lasts; a failure is the test's."""
    async with dispatching_over(MailChannel(settings), settings, sessions) as dispatcher:
        yield dispatcher


@asynccontextmanager
async def dispatching_over(
    channel: Channel, settings: Settings, sessions: Sessions
) -> AsyncIterator[Dispatcher]:
    """Work off the deliveries of any channel for as long as the context lasts."""
    dsn = settings.database_url.get_secret_value()
    dispatcher = Dispatcher(channel, sessions, dsn, outcomes_written=lambda: None)
    work = asyncio.create_task(dispatcher.run(Liveness(None, ())))
    try:
        yield dispatcher
    finally:
        work.cancel()
        with suppress(asyncio.CancelledError):
            await work


async def fetch_rows(
    sessions: Sessions, query: str = "select * from deliveries order by id", **parameters: object
) -> Sequence[Row[Any]]:
    """Look at the database."""
    async with sessions() as session:
        return (await session.execute(text(query), parameters)).all()


async def wait_for_delivery(
    sessions: Sessions, citizen: Citizen, state: str = "sent", *, within: float = 10.0
) -> Row[Any]:
    """Wait until the last mail of a request has a state, and give its row."""

    async def there() -> Row[Any]:
        row = (
            await fetch_rows(
                sessions,
                "select * from deliveries where request_id = :request order by id desc limit 1",
                request=citizen.request_id,
            )
        )[0]
        assert row.state == state, (row.state, row.last_reply)
        return row

    return await eventually(there, within)
