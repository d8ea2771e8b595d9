"""When a request is due: working days in Finland, weekends and public holidays left out. Pure."""

from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

FINLAND = ZoneInfo("Europe/Helsinki")
END_OF_DAY = time(16)
SATURDAY = 5


def due_at(submitted_at: datetime, working_days: int) -> datetime:
    """Give the end of service (16.00 in Finland) of the n-th working day after the day of submission, in UTC."""
    return _due_at(submitted_at.astimezone(FINLAND).date(), working_days)


@lru_cache(maxsize=256)
def _due_at(day: date, working_days: int) -> datetime:
    left = working_days
    while left:
        day += timedelta(days=1)
        left -= is_working_day(day)
    return datetime.combine(day, END_OF_DAY, FINLAND).astimezone(UTC)


def is_working_day(day: date) -> bool:
    """Say whether the service is staffed on a day."""
    return day.weekday() < SATURDAY and day not in public_holidays(day.year)


@lru_cache(maxsize=16)
def public_holidays(year: int) -> frozenset[date]:
    """Give the days off of a year that can fall on a weekday; Midsummer's and Christmas Eve too, when municipal offices are closed."""
    easter = _easter(year)
    midsummer_eve = next(
        day for day in (date(year, 6, 19 + n) for n in range(7)) if day.weekday() == SATURDAY - 1
    )
    fixed = [
        date(year, month, day)
        for month, day in ((1, 1), (1, 6), (5, 1), (12, 6), (12, 24), (12, 25), (12, 26))
    ]
    return frozenset(
        [
            *fixed,
            midsummer_eve,
            easter - timedelta(days=2),
            easter + timedelta(days=1),
            easter + timedelta(days=39),
        ]
    )


def _easter(year: int) -> date:
    """Give Easter Sunday of the Gregorian calendar (the anonymous algorithm, Meeus)."""
    a, b, c = year % 19, year // 100, year % 100
    d, e = divmod(b, 4)
    g = (8 * b + 13) // 25
    h = (19 * a + b - d - g + 15) % 30
    i, k = divmod(c, 4)
    n = (32 + 2 * e + 2 * i - h - k) % 7
    m = (a + 11 * h + 22 * n) // 451
    month, day = divmod(h + n - 7 * m + 114, 31)
    return date(year, month, day + 1)
