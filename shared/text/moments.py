"""Writes days, times and numbers as people read them in Finland, in each language.

Times are Helsinki time. Names and symbols come from CLDR, by babel. The patterns are ours, because babel has
none for running text, and its `format_date` takes three to four times as long.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from zoneinfo import ZoneInfo

from babel import Locale
from babel.numbers import get_decimal_symbol, get_group_symbol

from shared.events.vocabulary import Language

HELSINKI = ZoneInfo("Europe/Helsinki")
THIN_SPACE = "\N{NARROW NO-BREAK SPACE}"
NOON = 12


@dataclass(frozen=True)
class Patterns:
    """How one language puts the parts of a moment together."""

    clock: str
    day: str
    short_day: str
    full_date: str
    hour: str


PATTERNS: Mapping[Language, Patterns] = {
    "fi": Patterns(
        clock="klo {hour}.{minute:02}",
        day="{weekday}na {day}.{month}.",
        short_day="{short_weekday} {day}.{month}.",
        full_date="{day}.{month}.{year}",
        hour="{hour}",
    ),
    "sv": Patterns(
        clock="kl. {hour}.{minute:02}",
        day="{weekday}en den {day} {month_name}",
        short_day="{short_weekday} {day}.{month}",
        full_date="{day}.{month}.{year}",
        hour="{hour}",
    ),
    "en": Patterns(
        clock="at {hour}:{minute:02}",
        day="{weekday} {day} {month_name}",
        short_day="{short_weekday} {day} {short_month}",
        full_date="{day} {month_name} {year}",
        hour="{hour12}\N{NO-BREAK SPACE}{half}",
    ),
}


@dataclass(frozen=True)
class Names:
    """The names of one language; a week begins on Monday, a year in January."""

    weekdays: tuple[str, ...]
    short_weekdays: tuple[str, ...]
    months: tuple[str, ...]
    short_months: tuple[str, ...]
    halves: tuple[str, str]
    symbols: dict[int, str]
    """What to put for the comma and the point of Python's own format."""


def clock(when: datetime, language: Language = "fi") -> str:
    """`klo 9.41`, `kl. 9.41`, `at 9:41`."""
    local = when.astimezone(HELSINKI)
    return PATTERNS[language].clock.format(hour=local.hour, minute=local.minute)


def hour(when: datetime, language: Language = "fi") -> str:
    """A full hour, for opening hours: `16`, `4 pm`."""
    at = when.astimezone(HELSINKI).hour
    half = _names(language).halves[at >= NOON]
    return PATTERNS[language].hour.format(hour=at, hour12=at % NOON or NOON, half=half)


def day(when: date, language: Language = "fi") -> str:
    """The day in running text: `torstaina 26.11.`, `torsdagen den 26 november`, `Thursday 26 November`."""
    return _written(PATTERNS[language].day, when, language)


def short_day(when: date, language: Language = "fi") -> str:
    """The day in a list: `to 26.11.`, `tors 26.11`, `Thu 26 Nov`."""
    return _written(PATTERNS[language].short_day, when, language)


def day_and_clock(when: datetime, language: Language = "fi") -> str:
    """A moment with its year: `24.11.2026 klo 9.41`, `24.11.2026 kl. 9.41`, `24 November 2026 at 9:41`."""
    return f"{_written(PATTERNS[language].full_date, when, language)} {clock(when, language)}"


def number(value: float, language: Language = "fi", *, decimals: int = 0) -> str:
    """A number that does not break at the end of a line: `1 234,5`, `1,234.5`."""
    return f"{value:,.{decimals}f}".translate(_names(language).symbols)


def _written(pattern: str, when: date, language: Language) -> str:
    local = when.astimezone(HELSINKI) if isinstance(when, datetime) else when
    names = _names(language)
    return pattern.format(
        weekday=names.weekdays[local.weekday()],
        short_weekday=names.short_weekdays[local.weekday()],
        day=local.day,
        month=local.month,
        month_name=names.months[local.month - 1],
        short_month=names.short_months[local.month - 1],
        year=local.year,
    )


@cache
def _names(language: Language) -> Names:
    locale = Locale.parse(language)
    # Stand-alone names: CLDR 47 lacks the case ending of the Finnish Sunday in its names for dates.
    weekdays, months, halves = locale.days["stand-alone"], locale.months["stand-alone"], locale.day_periods
    group = get_group_symbol(language).replace("\N{NO-BREAK SPACE}", THIN_SPACE)
    return Names(
        weekdays=_in_order(weekdays["wide"]),
        short_weekdays=_in_order(locale.days["format"]["abbreviated"]),
        months=_in_order(months["wide"]),
        short_months=_in_order(locale.months["format"]["abbreviated"]),
        halves=tuple(halves["format"]["abbreviated"][half].lower() for half in ("am", "pm")),
        symbols=str.maketrans({",": group, ".": get_decimal_symbol(language)}),
    )


def _in_order(names: Mapping[int, str]) -> tuple[str, ...]:
    return tuple(names[number] for number in sorted(names))
