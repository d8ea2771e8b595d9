"""Column helpers for SQLModel tables with PostgreSQL's types.

SQLModel alone creates `varchar`, and timestamps without a time zone.
"""

from functools import partial
from typing import Any

from sqlalchemy import BigInteger, Column, DateTime, Identity, Integer, LargeBinary, Text, text
from sqlalchemy.types import TypeEngine
from sqlmodel import Field


def column(
    kind: type[TypeEngine[Any]] | TypeEngine[Any],
    *,
    nullable: bool = False,
    primary_key: bool = False,
    unique: bool = False,
    index: bool = False,
    server_default: str | None = None,
    comment: str | None = None,
) -> Any:  # noqa: ANN401  as SQLModel's Field
    """Return a column.

    A new row without a value gets `server_default` (SQL), or null where it is nullable.
    """
    default = None if server_default is None else text(server_default)
    return Field(
        default=None if nullable and server_default is None else ...,
        sa_type=kind,
        nullable=nullable,
        primary_key=primary_key,
        unique=unique,
        index=index,
        sa_column_kwargs={"autoincrement": False, "server_default": default, "comment": comment},
    )


text_column = partial(column, Text)
bytes_column = partial(column, LargeBinary)
moment_column = partial(column, DateTime(timezone=True))
integer_column = partial(column, Integer)
bigint_column = partial(column, BigInteger)


def id_column() -> Any:  # noqa: ANN401  as above
    """Return an identity column, whose numbers follow the order of the inserts."""
    return Field(default=None, sa_column=Column(BigInteger, Identity(always=True), primary_key=True))
