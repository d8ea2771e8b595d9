"""How many work numbers were drawn, and when their digits run short."""

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from services.tracker.ledger.overdue import Overdue
from services.tracker.work_number import NINE_DIGITS, TEN_DIGITS

LOW_PERCENT = 80
DRAWN = text("select case when is_called then last_value + 1 else last_value end from work_number_sequence")


async def numbers_drawn(session: AsyncSession) -> int:
    """Count every draw; one whose transaction was rolled back is drawn too, and names no request."""
    return await session.scalar(DRAWN) or 0


def numbers_low(drawn: int) -> Overdue:
    """Return what is used of the present range, in percent, from 80 % on.

    Nine digits are followed by ten, ten by nothing.
    """
    first, end, place = (
        (0, NINE_DIGITS, "nine digits") if drawn < NINE_DIGITS else (NINE_DIGITS, TEN_DIGITS, "ten digits")
    )
    percent = (drawn - first) * 100 // (end - first)
    return Overdue("numbers-low", percent if percent >= LOW_PERCENT else 0, place)
