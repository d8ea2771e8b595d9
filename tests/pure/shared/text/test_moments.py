"""Days, times and numbers are written as people in Finland read them, in every language."""

from datetime import UTC, date, datetime, timedelta

import pytest

from shared.events.vocabulary import LANGUAGES, Language
from shared.text.moments import HELSINKI, PATTERNS, clock, day, day_and_clock, hour, number, short_day

WHEN = datetime(2026, 11, 26, 7, 41, tzinfo=UTC)
WEEK = [date(2026, 11, 23) + timedelta(days=days) for days in range(7)]
MONTHS = [date(2026, month, 1) for month in range(1, 13)]


@pytest.mark.parametrize(
    ("language", "written"),
    [
        ("fi", ("klo 9.41", "torstaina 26.11.", "to 26.11.", "26.11.2026 klo 9.41")),
        ("sv", ("kl. 9.41", "torsdagen den 26 november", "tors 26.11", "26.11.2026 kl. 9.41")),
        ("en", ("at 9:41", "Thursday 26 November", "Thu 26 Nov", "26 November 2026 at 9:41")),
    ],
)
def test_a_moment_is_written_by_the_helsinki_clock(language: Language, written: tuple[str, ...]) -> None:
    assert tuple(write(WHEN, language) for write in (clock, day, short_day, day_and_clock)) == written


@pytest.mark.parametrize(
    ("language", "week"),
    [
        ("fi", "maanantaina tiistaina keskiviikkona torstaina perjantaina lauantaina sunnuntaina"),
        ("sv", "måndagen tisdagen onsdagen torsdagen fredagen lördagen söndagen"),
        ("en", "Monday Tuesday Wednesday Thursday Friday Saturday Sunday"),
    ],
)
def test_the_days_of_a_week(language: Language, week: str) -> None:
    assert [day(each, language).split()[0] for each in WEEK] == week.split()


@pytest.mark.parametrize(
    ("language", "week"),
    [
        ("fi", "ma ti ke to pe la su"),
        ("sv", "mån tis ons tors fre lör sön"),
        ("en", "Mon Tue Wed Thu Fri Sat Sun"),
    ],
)
def test_the_short_days_of_a_week(language: Language, week: str) -> None:
    assert [short_day(each, language).split()[0] for each in WEEK] == week.split()


@pytest.mark.parametrize(
    ("language", "year"),
    [
        ("sv", "januari februari mars april maj juni juli augusti september oktober november december"),
        ("en", "January February March April May June July August September October November December"),
    ],
)
def test_the_months_of_a_year(language: Language, year: str) -> None:
    assert [day(each, language).split()[-1] for each in MONTHS] == year.split()


def test_short_months_are_english_only() -> None:
    months = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec"
    assert [short_day(each, "en").split()[-1] for each in MONTHS] == months.split()


@pytest.mark.parametrize(("at", "english"), [(0, "12 am"), (8, "8 am"), (12, "12 pm"), (16, "4 pm")])
def test_a_full_hour(at: int, english: str) -> None:
    when = datetime(2026, 11, 26, at, tzinfo=HELSINKI)
    assert [hour(when, language) for language in LANGUAGES] == [
        str(at),
        str(at),
        english.replace(" ", "\N{NO-BREAK SPACE}"),
    ]


def test_numbers_have_thin_spaces_and_the_decimal_sign_of_the_language() -> None:
    thin = "\N{NARROW NO-BREAK SPACE}"
    assert [number(12345.67, language, decimals=1) for language in LANGUAGES] == [
        f"12{thin}345,7",
        f"12{thin}345,7",
        "12,345.7",
    ]
    assert number(1234) == f"1{thin}234"


def test_every_language_has_patterns() -> None:
    assert set(PATTERNS) == set(LANGUAGES)
