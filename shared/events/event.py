"""The base class of all events, and the registry of event types."""

import re
from datetime import datetime
from typing import Annotated, ClassVar, TypeAlias
from uuid import UUID

from pydantic import AfterValidator, AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field

from shared.text.work_number import PATTERN

WorkNumber = Field(pattern=PATTERN, description="Nine or ten digits, the last a Damm check digit")
BARE_NUMBER = re.compile(r"[+-]?[\d._]+(e[+-]?\d+)?", re.IGNORECASE)
FIRST_YEAR, LAST_YEAR = 1900, 9000


def no_bare_number(value: object) -> object:
    """Reject a number: pydantic would read it as seconds since 1970, or milliseconds if it is large."""
    if isinstance(value, int | float) or (isinstance(value, str) and BARE_NUMBER.fullmatch(value.strip())):
        raise ValueError("give a time with its zone, such as 2026-11-24T12:00:00+02:00")
    return value


def time_that_can_be_kept(moment: datetime) -> datetime:
    """Reject a time that overflows in another time zone, so that it could be neither stored nor shown."""
    if not FIRST_YEAR <= moment.year <= LAST_YEAR:
        raise ValueError("the year is out of range")
    return moment


Moment: TypeAlias = Annotated[
    AwareDatetime, BeforeValidator(no_bare_number), AfterValidator(time_that_can_be_kept)
]

EVENTS: dict[str, type["Event"]] = {}
"""Every event model by its CloudEvents type."""


class Event(BaseModel):
    """The data of one event. A subclass names its CloudEvents `type` and its Kafka topic.

    Fields are only ever added, with a default; unknown fields are ignored, so that an older reader
    understands a newer writer.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    type: ClassVar[str]
    topic: ClassVar[str]

    request_id: UUID

    @classmethod
    def __pydantic_init_subclass__(cls, **_: object) -> None:
        """Register a concrete event; one type has one model."""
        if "type" in cls.__dict__:
            if cls.type in EVENTS:
                message = f"{cls.type} is declared twice"
                raise TypeError(message)
            EVENTS[cls.type] = cls
