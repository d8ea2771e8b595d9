"""People are found however their name or address is written."""

import asyncio
import itertools
import unicodedata
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text

from services.tracker.find.find_requests import MAX_WORDS
from services.tracker.find.follow_request import follow_by_number
from services.tracker.mails.correct_own_address import NothingToCorrect, correct_own_address
from services.tracker.personal_data.at_rest import name_key, name_words
from services.tracker.personal_data.keyring import Keyring
from shared.database.engine import Sessions, migrate, open_database
from tests.conftest import SERVICES, FreshDatabase
from tests.service.migrate_to import migrate_back
from tests.service.tracker.api_client import ApiClient
from tests.service.tracker.builders import submission
from tests.service.tracker.database import register

TRACKER = SERVICES / "tracker" / "migrations"
PEOPLE = [
    ("Anna Maria", "Virtanen"),
    ("Seán", "O’Brien"),
    ("Anna‑Liisa", "Salo–Koski"),
    ("Gunnar", "Lindén"),
    ("Can", "İşık"),
    ("Väinö", "Mäkinen"),
    ("Göran", "von Essen"),
    ("Søren", "Kjærgård"),
    ("Łukasz", "Żółć"),
    ("", "Suharto"),
    ("Иван", "Петров"),
    ("Jean", "de la Løwenstein-O'Neill"),
    ("Şükrü Nguyễn", "d'Artagnan"),
]
WRITTEN = {
    0: [
        "Anna Maria Virtanen",
        "Virtanen Anna Maria",
        "Virtanen, Anna",
        "Maria Virtanen",
        "virtanen",
        "VIRT mar",
        "anna virtanen",
        " Virtanen , Anna-Maria ",
        "maria anna",
    ],
    1: ["O'Brien", "O’Brien", "O`Brien", "obrien seán", "sean OBRIEN"],
    2: [
        "Salo-Koski",
        "Salo‑Koski Anna‑Liisa",
        "Anna-Liisa Salo-Koski",
        "anna liisa salo koski",
        "Liisa Salo",
        "Koski",
        "liisa",
        "koski liisa",
    ],
    3: ["Linden", "Lindén, Gunnar", "gunnar linden", unicodedata.normalize("NFD", "Lindén")],
    4: ["işık", "İŞIK", "isik can", "Can Isik"],
    5: ["Makinen", "Mäkinen Väinö", "vaino makinen", "MÄKINEN"],
    6: ["von Essen", "Göran von Essen", "Essen, von Goran", "Essen", "göran"],
    7: ["Kjærgård", "kjaergard soren"],
    8: ["zolc lukasz", "Żółć"],
    9: ["suharto"],
    10: ["петров", "Иван Петров", "иван"],
    11: [
        "Lowenstein",
        "Løwenstein",
        "O'Neill",
        "Jean Løwenstein",
        "jean",
        "O'Neill Jean",
        "la Løwenstein",
        "jean de",
    ],
    12: ["Nguyen", "Şükrü", "d'Artagnan", "nguyen sukru", "DARTAGNAN nguyen"],
}


async def found(api: ApiClient, q: str) -> list[str]:
    answer = await api.post("/api/v1/requests/search", {"q": q})
    assert answer.status_code == 200, answer.text
    return [each["request_id"] for each in answer.json()["requests"]]


async def test_a_name_is_found_however_it_is_written(
    api: ApiClient, sessions: Sessions, keyring: Keyring
) -> None:
    sent = [
        submission(person={"first_name": first, "last_name": last, "email": "a@example.fi"})
        for first, last in PEOPLE
    ]
    await register(sessions, keyring, *sent)
    for person, ways in WRITTEN.items():
        for way in ways:
            assert await found(api, way) == [str(sent[person].event.request_id)], way
    for nobody in ("Anna Mäkinen", "rtanen", "von Virtanen", "-", ",.", "'", "Virtanen % Anna_"):
        assert await found(api, nobody) == ([str(sent[0].event.request_id)] if "%" in nobody else []), nobody


@given(
    st.lists(st.sampled_from(["Anna", "Ääni", "O’Hara", "Li", "von", "Sjö"]), min_size=1, max_size=4),
    st.data(),
)
def test_any_order_of_any_words_of_a_name_is_that_name(words: list[str], data: st.DataObject) -> None:
    key = name_key(words[0], " ".join(words[1:]))
    typed = data.draw(st.permutations(words))
    assert sorted(name_words(", ".join(typed).upper())) == sorted(key.split())


@given(st.text(max_size=40))
def test_whatever_is_typed_has_words_that_no_pattern_reads(typed: str) -> None:
    assert not set("%_\\'") & set("".join(name_words(typed)))
    assert name_key(name_key("", typed), "") == name_key("", typed)


async def test_many_words_are_no_more_work_than_a_few(api: ApiClient) -> None:
    assert await found(api, " ".join(map("".join, itertools.islice(_words(), 100)))) == []
    assert MAX_WORDS < 10


def _words() -> Iterator[tuple[str, ...]]:
    return itertools.permutations("abcd", 3)


@pytest.mark.parametrize(
    "typed",
    [
        "ilmari@öljysäiliö.fi",
        "Ilmari@ÖLJYSÄILIÖ.FI",
        "ilmari@xn--ljysili-8wa1ni.fi",
        " ilmari@öljysäiliö.fi ",
    ],
)
async def test_an_address_is_found_in_either_spelling(
    api: ApiClient, sessions: Sessions, keyring: Keyring, typed: str
) -> None:
    sent = submission(
        person={"first_name": "Ilmari", "last_name": "Öljy", "email": "ilmari@xn--ljysili-8wa1ni.fi"}
    )
    await register(sessions, keyring, sent)
    assert await found(api, typed) == [str(sent.event.request_id)]


@pytest.mark.parametrize("typed", ["ilmari@öljysäiliö.fi", "ilmari@xn--ljysili-8wa1ni.fi"])
@pytest.mark.parametrize(
    "kept", ["ilmari@öljysäiliö.fi", "Ilmari@ÖLJYSÄILIÖ.FI", "ilmari@xn--ljysili-8wa1ni.fi"]
)
async def test_an_address_that_the_version_before_kept_as_typed_is_found(
    api: ApiClient, sessions: Sessions, keyring: Keyring, kept: str, typed: str
) -> None:
    sent = submission(person={"first_name": "Ilmari", "last_name": "Öljy", "email": kept})
    await register(sessions, keyring, sent)
    as_before = keyring.at_rest._index(b"email/", kept.casefold())  # noqa: SLF001  no public way makes it any more
    async with sessions.begin() as session:
        number = await session.scalar(
            text("update requests set email_index = :index returning work_number"), {"index": as_before}
        )
    assert await found(api, typed) == [str(sent.event.request_id)]
    async with sessions() as session:
        assert (
            await follow_by_number(session, str(number), typed, keyring)
        ).request_id == sent.event.request_id
        with pytest.raises(NothingToCorrect):  # so it was found
            await correct_own_address(
                session, str(number), typed, "i@example.fi", notifier=None, keyring=keyring
            )


@pytest.mark.parametrize("blank", [" ", "\u200b", "\u00a0 \t"])
async def test_blank_words_find_nobody(api: ApiClient, blank: str) -> None:
    answer = await api.post("/api/v1/requests/search", {"q": blank})
    assert (answer.status_code, [error["field"] for error in answer.json()["errors"]]) == (422, ["q"])
    assert (await api.get("/api/v1/requests", q=blank)).status_code == 422


async def test_names_that_the_version_before_wrote_are_found_without_accents(
    fresh_database: FreshDatabase, keyring: Keyring
) -> None:
    dsn = await fresh_database("tracker")
    await asyncio.to_thread(migrate, TRACKER, dsn)
    async with open_database(dsn) as sessions:
        sent = [
            submission(person={"first_name": first, "last_name": last, "email": "a@example.fi"})
            for first, last in PEOPLE
        ]
        await register(sessions, keyring, *sent)
        old = [
            " ".join(unicodedata.normalize("NFKC", f"{last} {first}").casefold().split())
            for first, last in PEOPLE
        ]
        async with sessions.begin() as session:
            for each, key in zip(sent, old, strict=True):
                await session.execute(
                    text("update requests set name_key = :key where request_id = :id"),
                    {"key": key, "id": each.event.request_id},
                )
        await migrate_back(TRACKER, dsn, "0020")
        await asyncio.to_thread(migrate, TRACKER, dsn)
        async with sessions() as session:
            rows = (await session.execute(text("select request_id, name_key from requests"))).all()
        keys = {row.request_id: row.name_key for row in rows}
    assert [keys[each.event.request_id] for each in sent] == [name_key(last, first) for first, last in PEOPLE]
