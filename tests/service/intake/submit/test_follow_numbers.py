"""A number that tracker tells on the lifecycle topic is seen here at once."""

import asyncio
import itertools
import json
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

from services.intake.submit.recent_requests import DIGEST_HEADER, Progress, RecentRequests
from shared.crypto.record_mac import RecordSigner, RecordVerifier
from shared.events.envelope import Envelope, Message, encode
from shared.events.request_lifecycle import RequestAssigned, RequestLifecycle, RequestRegistered
from shared.events.topics import LIFECYCLE, SUBMITTED
from shared.kafka.connection import KafkaConnection
from shared.kafka.producer import EventProducer
from tests.eventually import eventually
from tests.service.intake.request_bodies import invoice_copy
from tests.service.intake.running_intake import Running

NOW = datetime(2026, 11, 24, 10, tzinfo=UTC)


def lifecycle(kind: type[RequestLifecycle], request_id: UUID, at: datetime = NOW, **more: str) -> Message:
    facts = {
        "request_id": request_id,
        "work_number": "572572720",
        "service": "pyyda-laskukopio",
        "service_title": "Pyydä laskukopio",
        "language": "fi",
        "queue": "laskutus",
        "state": "received",
        "actor_kind": "system",
        "submitted_at": NOW,
        "due_at": NOW + timedelta(days=3),
        "occurred_at": at,
        "sealed_contact": "sealed",
    }
    return encode(Envelope(kind.model_validate(facts | more), "urn:asiointi:tracker"))


async def test_whoever_waits_for_a_number_gets_it_when_it_is_told_and_the_state_follows(
    intake: Running, kafka: KafkaConnection
) -> None:
    request_id = UUID((await intake.send(invoice_copy())).json()["request_id"])
    numbers = intake.intake.recent
    assert await numbers.wait(request_id, timeout=0.05) is None
    waiting = [asyncio.create_task(numbers.wait(request_id, timeout=10)) for _ in range(3)]
    async with EventProducer(kafka, "test") as producer:
        await producer.send(LIFECYCLE, Message(str(request_id).encode(), b"not json", []))
        await producer.send(SUBMITTED, Message(b"no uuid", b"{}", [("ce_bodydigest", b"zz")]))
        await producer.send(LIFECYCLE, lifecycle(RequestRegistered, request_id))
        told = await asyncio.gather(*waiting)
        assert (
            told[0]
            == told[1]
            == told[2]
            == Progress(
                "572572720", "received", NOW, NOW + timedelta(days=3), "Pyydä laskukopio", "pyyda-laskukopio"
            )
        )
        later = lifecycle(
            RequestAssigned, request_id, NOW + timedelta(hours=1), state="in_progress", assignee="olli"
        )
        await producer.send(LIFECYCLE, later)

        async def handled() -> bool:
            answer = (await intake.client.get(f"/api/v1/requests/{request_id}")).json()
            return bool(
                answer == {"request_id": str(request_id), "work_number": "572572720", "state": "in_progress"}
            )

        await eventually(handled)
    assert (await intake.send(invoice_copy())).json()["work_number"] is None


FIELDS = ("request_id", "work_number", "submitted_at", "due_at", "occurred_at", "state", "service_title")
OTHERS: tuple[object, ...] = (None, 123, 1.5, True, [], {}, "", "\x00", 10**400, "0001-01-01T00:00:00+14:00")


async def test_a_field_of_another_type_does_not_end_the_site(intake: Running, kafka: KafkaConnection) -> None:
    right, request_id = lifecycle(RequestRegistered, uuid4()), uuid4()
    facts = json.loads(right.value or b"")
    async with EventProducer(kafka, "test") as producer:
        for field, other in itertools.product(FIELDS, OTHERS):
            await producer.send(
                LIFECYCLE, Message(right.key, json.dumps(facts | {field: other}).encode(), right.headers)
            )
        # As a writer without any context has them: this one ended intake, at every start anew.
        await producer.send(
            LIFECYCLE, Message(right.key, json.dumps(facts | {"request_id": 123}).encode(), [])
        )
        for value in (b"[]", b"123", b'"text"', b"null", b"[" * 100_000, b"\xff", b""):
            await producer.send(LIFECYCLE, Message(right.key, value, right.headers))
        for name, header in itertools.product(
            (b"\xff", b"", b"1", str(request_id).encode()), (b"", b"\xff", b"zz", b"0")
        ):
            await producer.send(SUBMITTED, Message(name, b"{}", [(DIGEST_HEADER, header)]))
        await producer.send(LIFECYCLE, lifecycle(RequestRegistered, request_id))
    told = await intake.intake.recent.wait(request_id, timeout=5)
    assert told is not None
    assert (await intake.client.get("/api/v1/services")).status_code == 200


async def test_a_late_event_does_not_move_the_state_backwards() -> None:
    numbers, request_id = RecentRequests(), uuid4()
    late = Progress("572572720", "received", NOW, NOW, "x")
    numbers.note(request_id, Progress("572572720", "resolved", NOW, NOW, "x"), NOW + timedelta(hours=2))
    numbers.note(request_id, late, NOW)
    known = numbers.known(request_id)
    assert known is not None
    assert known.state == "resolved"


async def test_memory_is_bounded_and_forgets_what_was_touched_longest_ago() -> None:
    numbers = RecentRequests(most=100)
    ids = [uuid4() for _ in range(150)]
    for request_id in ids[:100]:
        numbers.accepted(request_id, b"digest")
    numbers.accepted(ids[0], b"another")
    for request_id in ids[100:]:
        numbers.accepted(request_id, b"digest")
    assert numbers.digest_of(ids[0]) == b"digest", "the first stands, and was touched"
    assert [numbers.remembers(request_id) for request_id in ids[1:51]] == [False] * 50
    assert all(numbers.remembers(request_id) for request_id in ids[51:])


async def test_who_stops_waiting_leaves_nothing_behind() -> None:
    numbers = RecentRequests()
    await asyncio.gather(*(numbers.wait(uuid4(), timeout=0.01) for _ in range(50)))
    assert not numbers._waiting  # noqa: SLF001  what is left behind cannot be seen from outside


async def test_a_strangers_record_does_not_make_a_citizens_own_a_conflict(kafka: KafkaConnection) -> None:
    numbers, request_id, key = RecentRequests(), uuid4(), b"r" * 32
    forged = Message(str(request_id).encode(), b"{}", [(DIGEST_HEADER, b"ff")])
    own = RecordSigner([key]).sign(Message(str(request_id).encode(), b"{}", [(DIGEST_HEADER, b"aa")]))
    following = asyncio.create_task(numbers.follow(kafka, RecordVerifier([key])))
    try:
        async with EventProducer(kafka, "test") as producer:
            await producer.send_all(SUBMITTED, [forged, RecordSigner([b"f" * 32]).sign(forged), own])

        async def known() -> bytes:
            digest = numbers.digest_of(request_id)
            assert digest
            return digest

        assert await eventually(known) == b"\xaa"
    finally:
        following.cancel()
