"""Writes moments and lengths of time as the console shows them: `eilen`, `pe 20.11.`, `1 pv 3 h`."""

from datetime import datetime, timedelta

from services.tracker.console.texts import LANGUAGE
from shared.text import moments
from shared.text.moments import HELSINKI
from shared.text.texts import Texts, fill

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
IN_SECONDS = timedelta(minutes=2)
"""Shorter ages are shown in seconds."""


def clock(when: datetime) -> str:
    """Return the time of day: `klo 9.41`."""
    return moments.clock(when, LANGUAGE)


def day_and_clock(when: datetime) -> str:
    """Return the full moment: `24.11.2026 klo 9.41`."""
    return moments.day_and_clock(when, LANGUAGE)


def moment(texts: Texts, when: datetime, now: datetime) -> str:
    """Return when something was: `klo 9.41` today, `eilen`, `pe 20.11.`."""
    days = (now.astimezone(HELSINKI).date() - when.astimezone(HELSINKI).date()).days
    if days == 0:
        return clock(when)
    return str(texts.times.yesterday) if days == 1 else moments.short_day(when, LANGUAGE)


def deadline(texts: Texts, when: datetime, now: datetime) -> str:
    """Return until when something is due: `tänään klo 8.00`, `to 26.11. klo 9.41`."""
    today = when.astimezone(HELSINKI).date() == now.astimezone(HELSINKI).date()
    return f"{texts.times.today if today else moments.short_day(when, LANGUAGE)} {clock(when)}"


def duration(texts: Texts, length: timedelta) -> str:
    """Return a length: `40 min`, `3 h`, `1 pv 3 h`; at least a minute."""
    if length < HOUR:
        return fill(texts.times.minutes, count=max(int(length / timedelta(minutes=1)), 1))
    days, rest = divmod(length, DAY)
    hours = int(rest / HOUR)
    parts = (
        fill(texts.times.days, count=days) if days else "",
        fill(texts.times.hours, count=hours) if hours or not days else "",
    )
    return " ".join(part for part in parts if part)


def age(texts: Texts, length: timedelta) -> str:
    """Return how long something has waited: `24 s`, `40 min`, `1 pv 3 h`."""
    if length < IN_SECONDS:
        return fill(texts.times.seconds, count=max(int(length.total_seconds()), 0))
    return duration(texts, length)
