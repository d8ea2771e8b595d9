"""Working days, traces, languages and derived ids."""

from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.intake.submit.derive_ids import Derivation
from services.intake.submit.trace import traceparent_of
from services.intake.submit.working_days import due_at, is_working_day, public_holidays
from shared.events.trace_context import valid_traceparent
from shared.web.languages import first_of_ours, preferred_language


@pytest.mark.parametrize(
    ("submitted", "days", "due"),
    [
        (datetime(2026, 11, 24, 12, tzinfo=UTC), 1, datetime(2026, 11, 25, 14, tzinfo=UTC)),  # winter time
        (
            datetime(2026, 7, 3, 21, 30, tzinfo=UTC),
            1,
            datetime(2026, 7, 6, 13, tzinfo=UTC),
        ),  # half past midnight on Saturday in Finland
        (datetime(2026, 4, 2, 9, tzinfo=UTC), 1, datetime(2026, 4, 7, 13, tzinfo=UTC)),  # over Easter
        (datetime(2026, 12, 23, 9, tzinfo=UTC), 2, datetime(2026, 12, 29, 14, tzinfo=UTC)),  # over Christmas
    ],
)
def test_a_request_is_due_at_the_end_of_a_working_day_in_finland(
    submitted: datetime, days: int, due: datetime
) -> None:
    assert due_at(submitted, days) == due


@given(st.datetimes(datetime(2000, 1, 1), datetime(2099, 1, 1), timezones=st.just(UTC)), st.integers(1, 90))  # noqa: DTZ001  hypothesis adds the zone
def test_what_is_due_is_due_on_a_working_day_and_later_with_every_day_more(
    submitted: datetime, days: int
) -> None:
    due = due_at(submitted, days)
    assert is_working_day(due.date())
    assert submitted < due < due_at(submitted, days + 1)


EASTER_SUNDAYS = [
    date.fromisoformat(day)
    for day in [
        "2020-04-12",
        "2021-04-04",
        "2022-04-17",
        "2023-04-09",
        "2024-03-31",
        "2025-04-20",
        "2026-04-05",
        "2027-03-28",
        "2028-04-16",
        "2029-04-01",
        "2030-04-21",
        "2031-04-13",
        "2032-03-28",
        "2033-04-17",
        "2034-04-09",
        "2035-03-25",
    ]
]


@pytest.mark.parametrize("easter", EASTER_SUNDAYS, ids=str)
def test_the_weekdays_off_are_those_of_finnish_law_and_the_two_eves(easter: date) -> None:
    year = easter.year
    fixed = {date(year, *day) for day in ((1, 1), (1, 6), (5, 1), (12, 6), (12, 24), (12, 25), (12, 26))}
    by_easter = {easter + timedelta(days=days) for days in (-2, 1, 39)}
    midsummer_eve = next(day for day in (date(year, 6, 19 + n) for n in range(7)) if day.weekday() == 4)
    weekdays = {day for day in fixed | by_easter | {midsummer_eve} if day.weekday() < 5}
    assert {day for day in public_holidays(year) if day.weekday() < 5} == weekdays


def test_a_trace_goes_on_in_a_span_of_ours_and_a_bad_one_begins_anew() -> None:
    given_trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00"
    own = traceparent_of({"traceparent": given_trace})
    assert own.split("-")[1] == given_trace.split("-")[1]
    assert own.split("-")[2] != given_trace.split("-")[2]
    assert own.endswith("-00")
    for bad in (
        "",
        "00-" + "0" * 32 + "-b7ad6b7169203331-01",
        "ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
        "x" * 55,
    ):
        assert valid_traceparent(traceparent_of({"traceparent": bad}))


@pytest.mark.parametrize(
    ("header", "language"),
    [
        ("", "en"),
        ("sv-FI,sv;q=0.9,en;q=0.8", "sv"),
        ("de, fi;q=0.5, en;q=0.4", "fi"),
        ("fi;q=0, sv;q=0.1", "sv"),
        ("fi;q=much, *", "en"),
        ("fil-PH,en;q=0.8", "en"),
        ("fil", "en"),
        ("svk, fi-FI;q=0.2", "fi"),
        ("en;q=0.1,sv;q=0.9", "sv"),
        ("en ; q=0.1 , sv ; q=0.9", "sv"),
        ("sv-Latn-FI", "sv"),
        ("SV", "sv"),
        ("fi;q=nan, sv;q=2, en;q=0.001", "en"),
        ("*, fi;q=0.5", "en"),
    ],
)
def test_the_best_language_of_ours_is_chosen(header: str, language: str) -> None:
    assert preferred_language(header, "en") == language


@pytest.mark.parametrize(
    ("wanted", "language"), [("sv-FI en", "sv"), ("de sv", "sv"), ("", "fi"), ("fil", "fi"), ("en sv", "en")]
)
def test_ui_locales_are_in_order(wanted: str, language: str) -> None:
    assert first_of_ours(wanted, "fi") == language


@given(st.text(max_size=200))
def test_no_header_breaks_the_choice(header: str) -> None:
    assert preferred_language(header, "fi") in {"fi", "sv", "en"}
    assert valid_traceparent(traceparent_of({"traceparent": header}))


def test_ids_belong_to_key_caller_and_secret() -> None:
    ours, theirs = Derivation(b"a" * 32), Derivation(b"b" * 32)
    assert ours.request_id("key", "api ") == ours.request_id("key", "api ")
    assert ours.request_id("key", "api ").version == 5
    others = {
        ours.request_id("other", "api "),
        ours.request_id("key", "site "),
        ours.request_id("key", "api x"),
        theirs.request_id("key", "api "),
    }
    assert ours.request_id("key", "api ") not in others
    assert len(others) == 4
    assert isinstance(ours.request_id(None, ""), UUID)


def test_a_digest_tells_bodies_apart_whatever_the_order() -> None:
    derivation = Derivation(b"a" * 32)
    digest = derivation.body_digest("s", "fi", {"a": "1", "b": "2"})
    assert digest == derivation.body_digest("s", "fi", {"b": "2", "a": "1"})
    assert digest != derivation.body_digest("s", "sv", {"a": "1", "b": "2"})
    assert digest != derivation.body_digest("s", "fi", {"a": "12", "b": ""})
