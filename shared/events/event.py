"""What every event is, and the registry of those that exist."""

from datetime import datetime
from typing import Annotated, ClassVar, Literal, TypeAlias
from uuid import UUID

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field

from shared.work_number import PATTERN

Language: TypeAlias = Literal["fi", "sv", "en"]
State: TypeAlias = Literal["received", "in_progress", "waiting_for_customer", "resolved", "rejected", "closed"]
ActorKind: TypeAlias = Literal["citizen", "staff", "client", "system"]
WorkNumber = Field(pattern=PATTERN, description="Nine or ten digits, the last a Damm check digit")
FIRST_YEAR, LAST_YEAR = 1900, 9000


def time_that_can_be_kept(moment: datetime) -> datetime:
    """Refuse a time that overflows once it is turned into another time zone: no database keeps it, no page shows it."""
    if not FIRST_YEAR <= moment.year <= LAST_YEAR:
        raise ValueError("the year is out of range")
    return moment


Moment: TypeAlias = Annotated[AwareDatetime, AfterValidator(time_that_can_be_kept)]

EVENTS: dict[str, type["Event"]] = {}
"""Every event model by its CloudEvents type."""


class Event(BaseModel):
    """The data of one event. A subclass names its CloudEvents `type` and the Kafka topic it travels on.

    Fields are only ever added, with a default; unknown fields are ignored, so that an older reader understands a newer writer.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    type: ClassVar[str]
    topic: ClassVar[str]

    request_id: UUID

    @classmethod
    def __pydantic_init_subclass__(cls, **_: object) -> None:
        """Enter a concrete event into the registry; one type has one model."""
        if "type" in cls.__dict__:
            if cls.type in EVENTS:
                message = f"{cls.type} is declared twice"
                raise TypeError(message)
            EVENTS[cls.type] = cls
