"""What all tables of tracker have in common, and those that every service has."""

from sqlalchemy import MetaData, Sequence
from sqlmodel import SQLModel

from services.tracker.work_number import TEN_DIGITS
from shared.auth.ended_sessions import describe as describe_ended_sessions
from shared.drafts import describe as describe_drafts
from shared.outbox.tables import describe

metadata = MetaData(
    naming_convention={
        "pk": "%(table_name)s_pkey",
        "uq": "%(table_name)s_%(column_0_N_name)s_key",
        "ix": "%(table_name)s_%(column_0_N_name)s_idx",
    }
)
WORK_NUMBERS = Sequence(
    "work_number_sequence", start=0, minvalue=0, maxvalue=TEN_DIGITS - 1, metadata=metadata
)


class Table(SQLModel):
    """What every table of tracker derives from, so that they share one `MetaData` of their own."""

    metadata = metadata


describe_ended_sessions(metadata)
describe_drafts(metadata)
describe(metadata)
