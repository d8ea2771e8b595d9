"""Opening hours of the phone service: working days from 8 to 16, Helsinki time. Pure."""

from dataclasses import dataclass
from datetime import datetime, time, timedelta

from services.intake.submit.working_days import is_working_day
from shared.text.moments import HELSINKI

OPENS, CLOSES = time(8), time(16)
MAX_BREAK = 14
"""In days: every two weeks have a working day."""


@dataclass(frozen=True)
class PhoneHours:
    """Whether the phone is answered now, and when that changes."""

    open: bool
    changes_at: datetime
    """Closing time while open, the next opening while closed; Helsinki time."""
    opens_in_days: int
    """0 when it opens later today, 1 tomorrow."""


def phone_hours(now: datetime) -> PhoneHours:
    """Return whether the phone is answered at a moment (aware), and when that changes."""
    local = now.astimezone(HELSINKI)
    today = local.date()
    if is_working_day(today) and OPENS <= local.time() < CLOSES:
        return PhoneHours(open=True, changes_at=datetime.combine(today, CLOSES, HELSINKI), opens_in_days=0)
    first = today if local.time() < OPENS else today + timedelta(days=1)
    opening = next(
        day for day in (first + timedelta(days=n) for n in range(MAX_BREAK)) if is_working_day(day)
    )
    return PhoneHours(
        open=False,
        changes_at=datetime.combine(opening, OPENS, HELSINKI),
        opens_in_days=(opening - today).days,
    )
