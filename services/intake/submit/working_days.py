"""When a request is due, in working days of Finland: weekends and public holidays are not counted. Pure."""

from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache

from holidays import country_holidays

from shared.text.moments import HELSINKI

END_OF_DAY = time(16)
SATURDAY = 5


def due_at(submitted_at: datetime, working_days: int) -> datetime:
    """Return 16.00 Finnish time of the n-th working day after the day of submission, in UTC."""
    return _due_at(submitted_at.astimezone(HELSINKI).date(), working_days)


@lru_cache(maxsize=256)
def _due_at(day: date, working_days: int) -> datetime:
    left = working_days
    while left:
        day += timedelta(days=1)
        left -= is_working_day(day)
    return datetime.combine(day, END_OF_DAY, HELSINKI).astimezone(UTC)


def is_working_day(day: date) -> bool:
    """True if customer service works on that day."""
    return day.weekday() < SATURDAY and day not in public_holidays(day.year)


@lru_cache(maxsize=16)
def public_holidays(year: int) -> frozenset[date]:
    """Return the holidays of a year, with Midsummer Eve and Christmas Eve, when municipal offices are closed.

    The first call of a process loads the calendar, which takes 0.1 s.
    """
    return frozenset(country_holidays("FI", years=year))
