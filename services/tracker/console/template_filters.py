"""The filters of the console's templates: how numbers, times, reasons and codes are shown."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from services.tracker.console import write_reasons, write_times
from services.tracker.console.figures import MAX_COUNTED
from services.tracker.console.texts import LANGUAGE, counted
from shared.text import moments
from shared.text.personal_codes import hide_lookalikes, hide_personal_codes
from shared.text.texts import Texts, fill


def template_filters(texts: Texts) -> Mapping[str, Callable[..., Any]]:
    """Return the filters by name, for texts in one language."""
    worded = (
        write_times.moment,
        write_times.deadline,
        write_times.duration,
        write_times.age,
        write_reasons.happened,
        write_reasons.known_of,
        write_reasons.reason_of,
        write_reasons.returned_because,
        write_reasons.set_aside_because,
        queue_name,
    )
    return {
        **{write.__name__: partial(write, texts) for write in worded},
        "clock": write_times.clock,
        "day_and_clock": write_times.day_and_clock,
        "number": number,
        "count": count,
        "counted": counted,
        "fill": fill,
        "hide_codes": hide_lookalikes,
        "hide_personal_codes": hide_personal_codes,
    }


def number(value: int) -> str:
    """Return a number with its thousands apart: `12 345`."""
    return moments.number(value, LANGUAGE)


def count(value: int) -> str:
    """Return a count; one that stopped at the limit of counting ends with a plus: `999+`."""
    return f"{MAX_COUNTED - 1}+" if value >= MAX_COUNTED else number(value)


def queue_name(texts: Texts, queue: str) -> str:
    """Return a queue's name; without one in the texts, its code with a capital letter."""
    name: str = texts.queues.get(queue) or queue.replace("-", " ").capitalize()
    return name
