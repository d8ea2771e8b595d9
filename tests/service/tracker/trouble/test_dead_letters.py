"""What could never succeed reaches the operators as it came, and goes back when they say so, once."""

import base64
from collections.abc import AsyncIterator
from functools import partial
from zoneinfo import ZoneInfo

import pytest
from uuid_utils.compat import uuid4

from services.tracker.models import UnsignedBefore
from services.tracker.personal_data.keyring import Keyring
from services.tracker.register.on_request_submitted import on_request_submitted
from services.tracker.trouble.on_dead_letter import on_dead_letter
from shared.crypto.record_mac import has_mac
from shared.database.engine import Sessions
from shared.events.envelope import Message, encode
from shared.events.topics import MAIN_TOPICS, SUBMITTED, dead_letter_topic
from shared.kafka.connection import KafkaConnection
from shared.kafka.consume import BatchConsumer
from shared.kafka.consume_raw import RawConsumer, RawRecord
from shared.kafka.dead_letter import PART
from shared.kafka.producer import EventProducer
from shared.web.health import Liveness
from tests.eventually import eventually
from tests.service.tracker.api_client import ApiClient
from tests.service.tracker.builders import make_keyring, signed, submission
from tests.service.tracker.database import fetch_rows
from tests.service.tracker.published_events import read_topic
from tests.service.tracker.running_loops import running_loop

LONG = "".join(chr(0x1F300 + number) for number in range(600)).encode()

pytestmark = pytest.mark.usefixtures("one_connection")


@pytest.fixture
async def consuming(
    kafka: KafkaConnection, sessions: Sessions, producer: EventProducer, keyring: Keyring
) -> AsyncIterator[None]:
    """Run the loops that register requests and keep dead letters, in groups of this test's own."""
    group, liveness = f"test-{uuid4()}", Liveness(None, ())
    graves = [dead_letter_topic(topic.name) for topic in MAIN_TOPICS]
    submitted = BatchConsumer(
        kafka,
        group,
        [SUBMITTED],
        handler=partial(on_request_submitted, keyring=keyring),
        sessions=sessions,
        producer=producer,
        liveness=liveness,
    )
    keep_all = partial(on_dead_letter, verifier=keyring.record_verifier)
    buried = RawConsumer(
        kafka, f"{group}-graves", graves, handler=keep_all, sessions=sessions, liveness=liveness
    )
    async with running_loop(submitted.run()), running_loop(buried.run()):
        yield


@pytest.mark.usefixtures("consuming")
async def test_random_bytes_go_to_the_dead_letters_and_the_next_requests_pass(
    sessions: Sessions, producer: EventProducer
) -> None:
    key = str(uuid4()).encode()
    good, unopenable = submission(), submission(sealed_form="deadbeef.AAAA")
    poison = [
        Message(key, b"\xff\x00 no event", [("x", b"\x00\xff"), ("nothing", None)]),
        encode(unopenable),
        Message(key, None, []),
    ]
    await producer.send_all(SUBMITTED, [poison[0], encode(good), poison[1], poison[2], encode(submission())])

    async def registered() -> bool:
        return bool(
            await fetch_rows(
                sessions, "select 1 from requests where request_id = :id", id=good.event.request_id
            )
        )

    async def kept() -> list[str]:
        found = await fetch_rows(
            sessions,
            "select * from dead_letters where key in (:key, :other) order by id",
            key=key,
            other=str(unopenable.event.request_id).encode(),
        )
        assert len(found) == 3
        assert {row.origin_topic for row in found} == {SUBMITTED}
        assert ([["x", base64.b64encode(b"\x00\xff").decode()], ["nothing", None]], b"\xff\x00 no event") in [
            (row.headers, row.value) for row in found
        ]
        return sorted(row.reason for row in found)

    await eventually(registered)
    assert await eventually(kept) == ["no-event", "no-event", "unknown-sealing-key"]


def record(
    *headers: tuple[str, bytes | None], offset: int = 0, topic: str = SUBMITTED, value: bytes | None = b"v"
) -> RawRecord:
    usual = [
        ("dead_letter_topic", topic.encode()),
        ("dead_letter_partition", b"3"),
        ("dead_letter_offset", b"7"),
        ("dead_letter_reason", b"bad-data"),
    ]
    return RawRecord(dead_letter_topic(SUBMITTED), 0, offset, b"key", value, headers or usual)


async def keep(sessions: Sessions, *records: RawRecord) -> None:
    async with sessions.begin() as session:
        await on_dead_letter(session, records, verifier=make_keyring().record_verifier)


async def test_one_that_was_put_aside_twice_is_kept_once(sessions: Sessions) -> None:
    await keep(sessions, record(), record(offset=1))
    await keep(sessions, record(offset=2))
    await keep(sessions, record(value=b"another"))
    assert len(await fetch_rows(sessions, "select 1 from dead_letters")) == 2


@pytest.mark.parametrize(
    "headers",
    [
        [("odd", b"\xff")],
        [("nothing", None), ("dead_letter_reason", None)],
        [
            ("dead_letter_offset", b"-1"),
            ("dead_letter_partition", b"\xff\xfe"),
            ("dead_letter_time", b"never"),
        ],
        [
            ("dead_letter_topic", b"a\x00b"),
            ("dead_letter_offset", "٣".encode()),
            ("dead_letter_time", b"2026-11-24T12:00:00"),
        ],
        [("dead_letter_offset", b"9" * 400), ("dead_letter_detail", b"x" * 5_000)],
        [("dead_letter_topic", LONG), ("dead_letter_group", LONG), ("dead_letter_reason", LONG)],
        [("dead_letter_time", b"0001-01-01T00:00:00+14:00")],
        [("dead_letter_time", b"9999-12-31T23:59:59+00:00")],
    ],
)
async def test_whatever_the_headers_hold_it_is_kept(
    sessions: Sessions, headers: list[tuple[str, bytes | None]]
) -> None:
    await keep(sessions, record(*headers, offset=41, value=None))
    (row,) = await fetch_rows(sessions, "select * from dead_letters")
    assert (row.origin_offset, row.value) == (41, None)
    assert row.buried_at.astimezone(ZoneInfo("Europe/Helsinki")).year < 9_000, "a page can show it"


async def test_a_redrive_sends_it_back_once(
    api: ApiClient, sessions: Sessions, kafka: KafkaConnection
) -> None:
    sent = signed(submission())
    headers = [
        *sent.headers,
        ("dead_letter_topic", SUBMITTED.encode()),
        ("dead_letter_reason", b"handler-failed"),
    ]
    await keep(sessions, RawRecord(dead_letter_topic(SUBMITTED), 0, 5, sent.key, sent.value, headers))
    (listed,) = (await api.get("/api/v1/dead-letters")).json()["dead_letters"]
    assert (listed["reason"], listed["key"], listed["bytes"]) == (
        "handler-failed",
        (sent.key or b"").decode(),
        len(sent.value or b""),
    )
    answers = [await api.post(f"/api/v1/dead-letters/{listed['id']}/redrive") for _ in range(3)]
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.text for answer in answers}) == 1
    assert answers[0].json()["redriven_by"] == "sap"
    back = [each for each in await read_topic(kafka, SUBMITTED) if each.key == sent.key]
    assert [(each.value, list(each.headers)) for each in back] == [(sent.value, sent.headers)]
    assert (await api.get("/api/v1/dead-letters")).json()["dead_letters"] == []
    assert len((await api.get("/api/v1/dead-letters", redriven=True)).json()["dead_letters"]) == 1


@pytest.mark.usefixtures("consuming")
async def test_what_intake_sent_before_it_signed_goes_back_signed_and_a_forgery_does_not(
    api: ApiClient, sessions: Sessions, kafka: KafkaConnection, producer: EventProducer
) -> None:
    old = submission(sealed_form="deadbeef.AAAA")
    await producer.send(SUBMITTED, encode(old))
    (lies,) = [each for each in await read_topic(kafka, SUBMITTED) if each.key == encode(old).key]
    forged = encode(submission())
    forged_headers = [
        *forged.headers,
        ("dead_letter_topic", SUBMITTED.encode()),
        ("dead_letter_partition", str(lies.partition).encode()),
    ]
    await keep(
        sessions,
        RawRecord(dead_letter_topic(SUBMITTED), 0, lies.offset, forged.key, forged.value, forged_headers),
    )

    async def redrive(key: bytes | None) -> tuple[int, str]:
        async def kept() -> int:
            ((id_,),) = await fetch_rows(sessions, "select id from dead_letters where key = :key", key=key)
            return int(id_)

        answer = await api.post(f"/api/v1/dead-letters/{await eventually(kept)}/redrive")
        return answer.status_code, answer.json().get("type", "")

    refused = 409, "urn:asiointi:problem:no-way-back"
    assert await redrive(lies.key) == refused
    async with sessions.begin() as session:
        session.add(UnsignedBefore(partition=lies.partition, next_offset=lies.offset + 1))
    assert await redrive(forged.key) == refused
    assert await redrive(lies.key) == (200, "")
    back = [each for each in await read_topic(kafka, SUBMITTED) if each.key == lies.key]
    assert [(each.value, has_mac(each.headers)) for each in back] == [(lies.value, False), (lies.value, True)]
    assert make_keyring().record_verifier.verify(back[1].key, back[1].value, back[1].headers)


async def test_there_is_no_way_back_to_a_topic_that_is_not_ours(api: ApiClient, sessions: Sessions) -> None:
    await keep(sessions, record(topic="elsewhere"))
    (row,) = await fetch_rows(sessions, "select id from dead_letters")
    answer = await api.post(f"/api/v1/dead-letters/{row.id}/redrive")
    assert (answer.status_code, answer.json()["type"]) == (409, "urn:asiointi:problem:no-way-back")
    assert (await api.post("/api/v1/dead-letters/99999/redrive")).status_code == 404


async def test_a_part_of_a_record_says_what_was_left_out_and_is_never_sent_back(
    api: ApiClient, sessions: Sessions
) -> None:
    usual = record().headers
    await keep(sessions, record(*usual, (PART, b"left out: value from byte 10 of 20")))
    (row,) = await fetch_rows(sessions, "select id, detail, headers from dead_letters")
    assert "value from byte 10 of 20" in row.detail
    answer = await api.post(f"/api/v1/dead-letters/{row.id}/redrive")
    assert (answer.status_code, answer.json()["type"]) == (409, "urn:asiointi:problem:no-way-back")
