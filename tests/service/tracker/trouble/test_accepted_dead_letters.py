"""A dead letter that is an accepted request stays in the ledger until it is registered or settled."""

import random
from collections.abc import Sequence
from datetime import datetime, timezone
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import Row, text

from services.tracker.domain import By
from services.tracker.ledger.overdue import Ledger
from services.tracker.personal_data.keyring import Keyring
from services.tracker.register.on_request_submitted import on_request_submitted
from services.tracker.trouble.dead_letters import settle_dead_letter
from services.tracker.trouble.on_dead_letter import on_dead_letter
from shared.database.engine import Sessions
from shared.events.envelope import Message, decode
from shared.events.topics import SUBMITTED, dead_letter_topic
from shared.kafka.consume_raw import RawRecord
from shared.kafka.lag import Lag, Unread
from tests.service.tracker.api_client import ApiClient
from tests.service.tracker.builders import make_keyring, signed, submission
from tests.service.tracker.database import fetch_rows, history_types
from tests.service.tracker.ledger_builders import KafkaDouble, read_ledger

MAIJA = By("staff", "maija")
TOLD = "Soitin: pyyntö kirjattiin käsin."


def sent_by_intake(request_id: UUID | None = None) -> Message:
    """Make a record as intake sends it."""
    return signed(submission(request_id))


def id_of(message: Message) -> UUID:
    return UUID((message.key or b"").decode())


async def set_aside(sessions: Sessions, message: Message, offset: int = 7, **context: str) -> int:
    """Let the record be kept as a dead letter; return its id."""
    facts = {
        "topic": SUBMITTED,
        "partition": "0",
        "offset": str(offset),
        "group": "tracker.submitted",
        "reason": "handler-failed",
        **context,
    }
    headers = [*message.headers, *((f"dead_letter_{name}", value.encode()) for name, value in facts.items())]
    async with sessions.begin() as session:
        record = RawRecord(dead_letter_topic(SUBMITTED), 0, offset, message.key, message.value, headers)
        await on_dead_letter(session, [record], verifier=make_keyring().record_verifier)
        return int(await session.scalar(text("select max(id) from dead_letters")) or 0)


async def settle(sessions: Sessions, letter: int, note: str | None = TOLD) -> None:
    async with sessions.begin() as session:
        await settle_dead_letter(session, letter, MAIJA, note)


def reasons(ledger: Ledger) -> list[tuple[str, int]]:
    return [(each.reason, each.count) for each in ledger.overdue]


async def test_an_accepted_request_stays_overdue_also_when_it_was_laid_aside(
    api: ApiClient, sessions: Sessions
) -> None:
    message = sent_by_intake()
    letter = await set_aside(sessions, message)
    for _ in range(2):
        ledger = await read_ledger(sessions)
        assert reasons(ledger) == [("no-number", 1), ("dead-letter", 1)]
        assert [(late.request_id, late.note) for late in ledger.overdue[0].requests] == [
            (id_of(message), "handler-failed")
        ]
        assert (ledger.accepted, ledger.numbered, ledger.set_aside, ledger.settled) == (1, 0, 1, 0)
        assert (await api.post(f"/api/v1/dead-letters/{letter}/dismiss")).status_code == 200
    (listed,) = (await api.get("/api/v1/dead-letters")).json()["dead_letters"]
    assert (listed["accepted"], listed["request_id"], listed["dismissed_by"]) == (
        True,
        str(id_of(message)),
        "sap",
    )


async def test_it_is_settled_only_with_what_the_citizen_was_told(api: ApiClient, sessions: Sessions) -> None:
    letter = await set_aside(sessions, sent_by_intake())
    for body in ({}, {"note": "  "}, {"note": None}):
        answer = await api.post(f"/api/v1/dead-letters/{letter}/settle", body)
        assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "note")
    answers = [
        await api.post(f"/api/v1/dead-letters/{letter}/settle", {"note": note}) for note in (TOLD, "Toinen.")
    ]
    assert [(answer.json()["note"], answer.json()["dismissed_by"]) for answer in answers] == [
        (TOLD, "sap")
    ] * 2
    ledger = await read_ledger(sessions)
    assert (reasons(ledger), ledger.accepted, ledger.set_aside, ledger.settled) == ([], 1, 0, 1)


async def test_it_is_over_when_it_is_registered_and_only_then(sessions: Sessions, keyring: Keyring) -> None:
    message = sent_by_intake()
    letter = await set_aside(sessions, message)
    async with sessions.begin() as session:
        await session.execute(text("update dead_letters set redriven_at = now()"))
    ledger = await read_ledger(sessions)
    assert (reasons(ledger), ledger.set_aside) == ([("no-number", 1)], 0)
    async with sessions.begin() as session:
        await on_request_submitted(session, [decode(message.value, message.headers)], keyring=keyring)
    ledger = await read_ledger(sessions)
    assert (ledger.of("no-number"), ledger.accepted, ledger.numbered) == (0, 1, 1)
    async with sessions.begin() as session:
        await session.execute(text("delete from requests"))  # as a retention would
    assert (await read_ledger(sessions)).of("no-number") == 0
    assert (await fetch_rows(sessions, "select registered_at from dead_letters where id = :id", id=letter))[
        0
    ].registered_at


async def test_settling_one_of_a_registered_request_stands_on_its_timeline(
    sessions: Sessions, keyring: Keyring
) -> None:
    message = sent_by_intake()
    async with sessions.begin() as session:
        await on_request_submitted(session, [decode(message.value, message.headers)], keyring=keyring)
    await settle(sessions, await set_aside(sessions, message))
    assert (await history_types(sessions, id_of(message)))[-1] == "dead_letter.settled"
    (entry,) = await fetch_rows(sessions, "select * from history where type = 'dead_letter.settled'")
    assert (entry.actor, entry.details, entry.value) == ("maija", {"note": TOLD}, None)


@pytest.mark.parametrize("spoiled", ["value", "no-mac"])
async def test_what_intake_did_not_make_is_no_accepted_request(sessions: Sessions, spoiled: str) -> None:
    message = sent_by_intake()
    headers = (
        [header for header in message.headers if header[0] != "intake_mac"]
        if spoiled == "no-mac"
        else message.headers
    )
    await set_aside(
        sessions,
        Message(message.key, (message.value or b"") + (b" " if spoiled == "value" else b""), headers),
    )
    ledger = await read_ledger(sessions)
    assert (reasons(ledger), ledger.accepted) == ([("dead-letter", 1)], 0)


@pytest.mark.parametrize(
    ("reason", "accepted"), [("handler-failed", True), ("not-from-intake", False), ("unreadable", False)]
)
async def test_one_that_was_cut_to_fit_counts_by_what_its_reader_had_verified(
    sessions: Sessions, reason: str, accepted: bool
) -> None:
    message = sent_by_intake()
    cut = Message(message.key, (message.value or b"")[:100], message.headers)
    await set_aside(sessions, cut, part="left out: value from byte 100", reason=reason)
    assert (await read_ledger(sessions)).set_aside == accepted


async def test_intakes_status_says_that_it_is_looked_into(
    api: ApiClient, sessions: Sessions, keyring: Keyring
) -> None:
    message = sent_by_intake()
    path = f"/api/v1/status/{id_of(message)}"
    assert (await api.get(path)).status_code == 404
    letter = await set_aside(sessions, message)
    assert (await api.get(path)).json() == {
        "request_id": str(id_of(message)),
        "work_number": None,
        "state": "under_investigation",
    }
    await settle(sessions, letter)
    assert (await api.get(path)).json()["state"] == "settled"
    async with sessions.begin() as session:
        await on_request_submitted(session, [decode(message.value, message.headers)], keyring=keyring)
    assert (await api.get(path)).json()["state"] == "received"


class World:
    """Random journeys over a log that the test keeps itself.

    What intake accepted is known, whatever becomes of it.
    """

    def __init__(self, sessions: Sessions, keyring: Keyring, seed: int) -> None:
        self.sessions, self.keyring, self.random = sessions, keyring, random.Random(seed)
        self.accepted: set[UUID] = set()
        self.log: list[Message] = []
        self.offset = 0

    async def submit(self) -> None:
        """Accept a request."""
        message = sent_by_intake()
        self.accepted.add(id_of(message))
        self.log.append(message)

    async def poison(self) -> None:
        """Set aside what intake never sent."""
        await set_aside(self.sessions, Message(b"k", b"\xff", []), self._next())

    async def consume(self) -> None:
        """Register the next record, or let it fail."""
        if not self.log:
            return
        message = self.log.pop(0)
        if self.random.random() < 0.4:
            await set_aside(self.sessions, message, self._next())
            return
        async with self.sessions.begin() as session:
            await on_request_submitted(
                session, [decode(message.value, message.headers)], keyring=self.keyring
            )

    async def again(self) -> None:
        """Send a dead letter again."""
        for letter in await self._some("redriven_at is null and accepted"):
            async with self.sessions.begin() as session:
                await session.execute(
                    text("update dead_letters set redriven_at = now() where id = :id"), {"id": letter.id}
                )
                await session.execute(
                    text("update dead_letters set note = null, dismissed_at = null where request_id = :id"),
                    {"id": letter.request_id},
                )
            self.log.append(sent_by_intake(letter.request_id))

    async def settle(self) -> None:
        """Settle a dead letter."""
        for letter in await self._some("accepted and registered_at is null and redriven_at is null"):
            await settle(self.sessions, letter.id)

    async def lay_aside(self) -> None:
        """Lay a dead letter aside without a word."""
        for letter in await self._some("accepted and redriven_at is null"):
            async with self.sessions.begin() as session:
                await session.execute(
                    text("update dead_letters set dismissed_at = now() where id = :id"), {"id": letter.id}
                )

    async def ledger(self) -> Ledger:
        """Read the ledger over the log as it stands."""
        now = datetime.now(timezone.utc)
        unread = [
            Unread(0, index, each.key, each.value, each.headers, now) for index, each in enumerate(self.log)
        ]
        lags = [Lag("tracker.submitted", SUBMITTED, 0, len(self.log), now)] if self.log else []
        return await read_ledger(self.sessions, KafkaDouble(lags, unread))

    async def _some(self, condition: str) -> Sequence[Row[Any]]:
        found = await fetch_rows(
            self.sessions,
            f"select id, request_id from dead_letters where {condition} order by id",  # noqa: S608  the test's own
        )
        return [self.random.choice(found)] if found else []

    def _next(self) -> int:
        self.offset += 1
        return self.offset


@pytest.mark.parametrize("seed", range(4))
async def test_nothing_accepted_leaves_the_ledger_on_any_journey(
    sessions: Sessions, keyring: Keyring, seed: int
) -> None:
    world = World(sessions, keyring, seed)
    steps = [
        world.submit,
        world.submit,
        world.consume,
        world.consume,
        world.consume,
        world.poison,
        world.again,
        world.settle,
        world.lay_aside,
    ]
    for _ in range(40):
        await world.random.choice(steps)()
        ledger = await world.ledger()
        assert ledger.accepted == len(world.accepted)
        without_number = len(world.accepted) - ledger.numbered - ledger.settled
        assert ledger.of("no-number") <= without_number <= ledger.of("no-number") + len(world.log)
