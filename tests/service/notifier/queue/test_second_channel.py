"""A second channel needs nothing of the queue changed: here one that posts JSON to a server over HTTP."""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from http import HTTPStatus
from typing import Any, ClassVar
from uuid import UUID, uuid4

import httpx
import pytest
from sqlalchemy import Row

from services.notifier.delivery import Claimed, NewDelivery, Reply
from services.notifier.mail.mail_channel import MAIL
from services.notifier.mail.mail_outcome import mail_outcome
from services.notifier.queue.again import ManyAgain, NotRetriable, again, many_again
from services.notifier.queue.breaker import Breaker
from services.notifier.queue.channel import ChannelAway, Deliver, RetrySchedule, Waiting
from services.notifier.queue.deliveries import add
from services.notifier.queue.publish_outcomes import outcomes_outbox
from services.notifier.queue.settle import NotSettleable, settle
from services.notifier.settings import Settings
from shared.database.engine import Sessions
from shared.events.event import Event
from shared.web.problems import InvalidFields
from tests.eventually import eventually
from tests.service.notifier.builders import (
    SUBMITTED,
    Citizen,
    dispatching_over,
    fetch_rows,
    handle_batch,
    running_dispatcher,
)
from tests.service.notifier.mail_server import MailServer, free_port

KINDS = {2: "2xx", 4: "5xx", 5: "4xx"}
"""Of the first digit of an HTTP status.

What was asked wrongly is refused for good, a fault of the server is not.
"""


class Outcome(Event):
    """What the test publishes."""

    topic: ClassVar = "mail.outcomes"
    state: str
    codes: str


Outcome.type = "post.tried.v1"  # not in the class: it is none of the registry's events


class PostChannel:
    """A `Channel` of three connections that posts what a delivery holds."""

    name = "post"
    most = 3
    retry = RetrySchedule(first_seconds=0.1, hours=1.0)

    def __init__(self, url: str) -> None:
        self.breaker = Breaker()
        self._client = httpx.AsyncClient(base_url=url, timeout=2.0)
        self._free = asyncio.Semaphore(self.most)

    def read(self, claimed: Claimed) -> Waiting | Reply:
        """Read the JSON that is to be posted."""
        try:
            return Waiting(claimed, claimed.template, json.loads(claimed.contents))
        except ValueError:
            return Reply("unwritable", "no JSON")

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[Deliver]:
        """Wait for one of the three."""
        async with self._free:
            yield self._post

    def slow(self) -> int:
        """None is sent beside."""
        return 0

    async def probe(self) -> None:
        """Ask for anything."""
        try:
            await self._client.get("/")
        except httpx.HTTPError as error:
            raise ChannelAway(type(error).__name__) from error

    def back(self) -> None:
        """Nothing was learned."""

    async def close(self) -> None:
        """Close the connections."""
        await self._client.aclose()

    def outcome(self, row: Mapping[str, Any]) -> Outcome:
        """Make an event."""
        return Outcome(request_id=row["request_id"], state=row["state"], codes=row["codes"])

    async def _post(self, waiting: Waiting) -> Reply | None:
        try:
            answer = await self._client.post(
                "/hook", json=waiting.content, headers={"Idempotency-Key": waiting.delivery.message_id}
            )
        except httpx.ConnectError as error:
            self.breaker.open(type(error).__name__)
            return None
        except httpx.HTTPError as error:
            return Reply("connection", type(error).__name__)
        return Reply(KINDS.get(answer.status_code // 100, "connection"), str(answer.status_code))  # type: ignore[arg-type]  # a literal


@dataclass
class Receiver:
    """A server that takes posts, and answers them with `status`."""

    port: int = field(default_factory=free_port)
    status: HTTPStatus = HTTPStatus.OK
    got: list[dict[str, Any]] = field(default_factory=list)

    @property
    def url(self) -> str:
        """Where it is."""
        return f"http://127.0.0.1:{self.port}"

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Listen."""
        server = await asyncio.start_server(self._answer, "127.0.0.1", self.port)
        try:
            yield
        finally:
            server.close()

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode()
            if head.startswith("POST"):
                length = next(
                    int(line[15:]) for line in head.lower().split("\r\n") if line.startswith("content-length")
                )
                self.got.append(json.loads(await reader.readexactly(length)))
            reply = (
                f"HTTP/1.1 {self.status.value} {self.status.phrase}\r\nContent-Length: 0\r\nConnection: "
                f"close\r\n\r\n"
            )
            writer.write(reply.encode())
            await writer.drain()
        finally:
            writer.close()


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    """Return a server that listens."""
    receiver = Receiver()
    async with receiver.running():
        yield receiver


def post(request_id: UUID, template: str = "hook", contents: bytes = b'{"state": "resolved"}') -> NewDelivery:
    """Make a delivery of the second channel."""
    event_id = str(uuid4())
    return NewDelivery(
        event_id=event_id,
        channel=PostChannel.name,
        request_id=request_id,
        template=template,
        language="fi",
        work_number="482913057",
        service_title="Tilaa palkkatodistus",
        submitted_at=SUBMITTED,
        due_at=SUBMITTED + timedelta(days=2),
        occurred_at=SUBMITTED,
        message_id=event_id,
        traceparent=None,
        contents=contents,
    )


async def enter(sessions: Sessions, *new: NewDelivery) -> None:
    """Write deliveries."""
    async with sessions.begin() as session:
        await add(session, new)


async def ended(sessions: Sessions, new: NewDelivery, state: str) -> Row[Any]:
    """Wait until a delivery has a state."""

    async def there() -> Row[Any]:
        query = "select * from deliveries where event_id = :event"
        (row,) = await fetch_rows(sessions, query, event=new.event_id)
        assert row.state == state, (row.state, row.last_reply)
        return row

    return await eventually(there)


async def test_it_delivers_beside_mail_and_neither_waits_for_the_other(
    settings: Settings, sessions: Sessions, mail_server: MailServer, receiver: Receiver
) -> None:
    citizen = Citizen()
    await mail_server.close()
    await handle_batch(sessions, [citizen.registered()])
    new = post(citizen.request_id)
    await enter(sessions, new)
    async with (
        running_dispatcher(settings, sessions),
        dispatching_over(PostChannel(receiver.url), settings, sessions),
    ):
        row = await ended(sessions, new, "sent")
        assert (row.attempts, row.last_reply, row.channel) == (1, "200", "post")
        assert [each.state for each in await fetch_rows(sessions) if each.channel == MAIL] != ["sent"]
        await mail_server.open()
        await delivered_mail(sessions, citizen)
    assert receiver.got == [{"state": "resolved"}]
    assert len(mail_server.addressed(citizen.email)) == 1


async def delivered_mail(sessions: Sessions, citizen: Citizen) -> None:
    """Wait until the mail of a request was sent."""

    async def sent() -> None:
        mails = [each for each in await fetch_rows(sessions) if each.channel == MAIL]
        assert [(each.request_id, each.state) for each in mails] == [(citizen.request_id, "sent")]

    await eventually(sent)


async def test_attempts_back_off_and_order_is_kept(
    settings: Settings, sessions: Sessions, receiver: Receiver
) -> None:
    request_id = uuid4()
    first, second = post(request_id, contents=b'{"n": 1}'), post(request_id, contents=b'{"n": 2}')
    receiver.status = HTTPStatus.SERVICE_UNAVAILABLE
    await enter(sessions, first, second)
    async with dispatching_over(PostChannel(receiver.url), settings, sessions):

        async def tried() -> None:
            row = (await fetch_rows(sessions, "select * from deliveries order by id"))[0]
            assert row.attempts >= 3
            assert row.last_reply == "503"

        await eventually(tried)
        assert (await fetch_rows(sessions, "select * from deliveries order by id"))[1].attempts == 0
        receiver.status = HTTPStatus.OK
        await ended(sessions, second, "sent")
    assert [each["n"] for each in receiver.got][-2:] == [1, 2]
    outcomes = await fetch_rows(sessions, "select * from outcomes order by id")
    assert {each.channel for each in outcomes} == {"post"}
    assert [each.state for each in outcomes][-2:] == ["sent", "sent"]
    assert outcomes[0].state == "deferred"
    message = outcomes_outbox({MAIL: mail_outcome, "post": PostChannel(receiver.url).outcome}).entries.message
    assert json.loads(message(outcomes[0]._mapping).value or b"")["codes"] == "503"  # type: ignore[arg-type]  # noqa: SLF001  by its names


async def test_a_refusal_fails_and_operators_try_again_or_settle(
    settings: Settings, sessions: Sessions, receiver: Receiver
) -> None:
    repaired, closed, unreadable = post(uuid4()), post(uuid4()), post(uuid4(), contents=b"{")
    receiver.status = HTTPStatus.BAD_REQUEST
    await enter(sessions, repaired, closed, unreadable)
    async with dispatching_over(PostChannel(receiver.url), settings, sessions):
        ids = [(await ended(sessions, each, "failed")).id for each in (repaired, closed, unreadable)]
        assert (await ended(sessions, unreadable, "failed")).last_reply == "no JSON"
        receiver.status = HTTPStatus.OK
        async with sessions.begin() as session:
            with pytest.raises(InvalidFields):
                await settle(session, ids[1], "maija", "131052-308T soitti")
            first = await settle(session, ids[1], "maija", "Soitettu")
            second = await settle(session, ids[1], "pekka", "Toinen")
            assert (first.state, second.settled_by, second.settled_note) == ("settled", "maija", "Soitettu")
            assert await many_again(session, ManyAgain(replies=["400"])) == []
            tried = await many_again(session, ManyAgain(channel="post", replies=["400"]))
            assert [row.id for row in tried] == [ids[0]]
        await ended(sessions, repaired, "sent")
        async with sessions.begin() as session:
            with pytest.raises(NotSettleable):
                await settle(session, ids[0], "maija", None)
            with pytest.raises(NotRetriable):
                await again(session, ids[0])
            await again(session, ids[1])
        assert (await ended(sessions, closed, "sent")).settled_by is None


async def test_an_outage_uses_up_no_attempts(settings: Settings, sessions: Sessions) -> None:
    receiver, new = Receiver(), post(uuid4())
    await enter(sessions, new)
    async with dispatching_over(PostChannel(receiver.url), settings, sessions):
        assert (await ended(sessions, new, "deferred")).attempts == 0
        async with receiver.running():
            assert (await ended(sessions, new, "sent")).attempts == 1
