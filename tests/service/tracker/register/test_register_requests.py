"""One request, one number, one event, however often and in whatever company it is sent."""

import asyncio
import json
from collections.abc import Sequence
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from services.tracker import work_number
from services.tracker.personal_data.keyring import Keyring
from shared.database.engine import Sessions, is_transient
from shared.events.rejected import Rejected
from shared.events.request_lifecycle import RequestRegistered
from shared.text.work_number import parse
from tests.service.tracker.builders import ANSWERS, HETU, TO_TRACKER, submission
from tests.service.tracker.database import fetch_rows, history_types, register, register_one

REGISTERED = "request.registered.v1"


async def numbers(sessions: Sessions) -> list[str]:
    return [
        row.work_number
        for row in await fetch_rows(
            sessions, "select work_number from requests order by registered_at, request_id"
        )
    ]


async def test_a_request_gets_its_number_and_an_event_with_it(sessions: Sessions, keyring: Keyring) -> None:
    sent = submission()
    await register(sessions, keyring, sent)
    (number,) = await numbers(sessions)
    assert number == work_number.work_number(0, keyring.work_number_key)
    (entry,) = await fetch_rows(sessions, "select * from history")
    event = RequestRegistered.model_validate_json(entry.value)
    assert (event.work_number, event.request_id, event.state) == (number, sent.event.request_id, "received")
    assert (entry.type, entry.traceparent, entry.actor_kind) == (REGISTERED, sent.traceparent, "system")
    (row,) = await fetch_rows(sessions, "select answers_box, first_name, service_title, state from requests")
    answers = json.loads(keyring.at_rest.decrypt_answers(row.answers_box, sent.event.request_id))
    assert (answers, row.first_name, row.service_title, row.state) == (
        ANSWERS,
        "Matti",
        "Fråga om en faktura",
        "received",
    )


async def test_registered_once_over_repeats(sessions: Sessions, keyring: Keyring) -> None:
    sent = [submission() for _ in range(5)]
    await register(sessions, keyring, *sent, sent[0], sent[4])
    first = await numbers(sessions)
    await register(sessions, keyring, *reversed(sent))
    await register(sessions, keyring, sent[2])
    assert await numbers(sessions) == first
    assert len(set(first)) == 5
    assert [row.type for row in await fetch_rows(sessions, "select type from history")] == [REGISTERED] * 5
    (sequence,) = await fetch_rows(sessions, "select last_value from work_number_sequence")
    assert sequence.last_value == 4, "a repeat wastes no number"


async def test_two_consumers_at_once_register_each_request_once(sessions: Sessions, keyring: Keyring) -> None:
    sent = [submission() for _ in range(40)]
    await asyncio.gather(
        *(register(sessions, keyring, *batch) for batch in (sent, sent[10:30], sent[5:], sent[:35]))
    )
    assert len(set(await numbers(sessions))) == 40
    assert len(await fetch_rows(sessions, "select 1 from history")) == 40


async def test_of_two_bodies_the_first_stands_and_operators_see_the_second(
    sessions: Sessions, keyring: Keyring
) -> None:
    first = submission(digest="first")
    request_id = first.event.request_id
    second = submission(request_id, digest="second", person={"last_name": "Toinen"})
    await register(sessions, keyring, first, second)
    await register(sessions, keyring, second)
    await register(sessions, keyring, second, first, submission(request_id, digest="third"))
    assert [row.last_name for row in await fetch_rows(sessions, "select last_name from requests")] == [
        "Meikäläinen"
    ]
    assert await history_types(sessions, request_id) == [
        REGISTERED,
        "duplicate_with_other_body",
        "duplicate_with_other_body",
    ]
    published = await fetch_rows(sessions, "select type from history where value is not null")
    assert [row.type for row in published] == [REGISTERED], "no new mail"


@pytest.mark.parametrize(
    ("facts", "reason"),
    [
        ({"sealed_form": "deadbeef.AAAA"}, "unknown-sealing-key"),
        (
            {"sealed_form": TO_TRACKER.seal(b"{}", purpose="form", request_id=submission().event.request_id)},
            "cannot-open",
        ),
        ({"form": b"\xff\xfe\x00random"}, "bad-form"),
        ({"form": b"[]"}, "bad-form"),
        ({"form": b'{"person": {"first_name": "A"}}'}, "bad-form"),
        ({"person": {"first_name": "Mat\x00ti"}}, "bad-form"),
        ({"person": {"last_name": "x" * 400}}, "bad-form"),
        ({"form": json.dumps({"person": {}, "answers": "x" * 300_000}).encode()}, "bad-form"),
        ({"form": b'{"person": {"first_name": "\\ud800", "last_name": "B", "email": "a@b.fi"}}'}, "bad-form"),
        ({"service_title": "a\x00b"}, "bad-data"),
        ({"queue": "q" * 4_000}, "bad-data"),
        ({"retention_days": 2**40}, "bad-data"),
        ({"due_at": "2500-12-31T23:59:59Z"}, "bad-data"),
    ],
)
async def test_a_poison_record_is_rejected_and_its_neighbours_pass(
    sessions: Sessions, keyring: Keyring, facts: dict[str, Any], reason: str
) -> None:
    poison, neighbours = submission(**facts), [submission(), submission()]
    for batch in ([neighbours[0], poison, neighbours[1]], [poison]):
        with pytest.raises(Rejected) as rejection:
            await register(sessions, keyring, *batch)
        assert rejection.value.reason == reason
        assert HETU not in str(rejection.value)
        assert "Mat" not in str(rejection.value)
    for neighbour in neighbours:
        await register(sessions, keyring, neighbour)
    assert len(await numbers(sessions)) == 2


async def test_a_number_that_is_taken_is_an_error_of_its_own_and_the_next_try_draws_another(
    sessions: Sessions, keyring: Keyring
) -> None:
    await register_one(sessions, keyring)
    await fetch_rows(sessions, "select setval('work_number_sequence', 0, false)")
    sent = submission()
    with pytest.raises(DBAPIError) as error:
        await register(sessions, keyring, sent)
    assert not is_transient(error.value)
    await register(sessions, keyring, sent)
    assert len(set(await numbers(sessions))) == 2


async def test_numbers_of_a_batch_follow_the_order_of_its_records(
    sessions: Sessions, keyring: Keyring
) -> None:
    sent: Sequence[Any] = [submission() for _ in range(9)]
    await register(sessions, keyring, *sent)
    entries = await fetch_rows(sessions, "select request_id from history order by id")
    assert [row.request_id for row in entries] == [each.event.request_id for each in sent]


async def test_after_the_last_number_of_nine_digits_come_those_of_ten(
    sessions: Sessions, keyring: Keyring
) -> None:
    async with sessions.begin() as session:
        await session.execute(text("select setval('work_number_sequence', 99999998)"))
    await register(sessions, keyring, submission(), submission(), submission())
    numbers = [row.work_number for row in await fetch_rows(sessions, "select work_number from requests")]
    assert sorted(map(len, numbers)) == [9, 10, 10]
    assert all(parse(number) == number for number in numbers)
    values = [row.value for row in await fetch_rows(sessions, "select value from history")]
    events = [RequestRegistered.model_validate_json(value) for value in values]
    assert {event.work_number for event in events} == set(numbers)
