"""A pooled connection is replaced whatever its driver says of the loss."""

import asyncpg
import pytest
from asyncpg.exceptions import InterfaceError, InternalClientError

from shared.database.drop_lost_connections import _takes_writes


class Answers:
    """A connection that answers `show transaction_read_only` with this, or fails with it."""

    def __init__(self, answer: str | Exception) -> None:
        self.answer = answer

    async def fetchval(self, _query: str, *, timeout: float) -> str:  # noqa: ASYNC109  as asyncpg has it
        """Answer."""
        assert timeout > 0
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


@pytest.mark.parametrize(
    ("answer", "takes_writes"),
    [
        ("off", True),
        ("on", False),
        (TimeoutError(), False),
        (ConnectionResetError(), False),
        (asyncpg.exceptions.ConnectionDoesNotExistError("gone"), False),
        (asyncpg.exceptions.AdminShutdownError("going"), False),
        (InterfaceError("connection is closed"), False),
        (InternalClientError("got result for unknown protocol state 3"), False),
    ],
)
async def test_only_a_connection_that_says_so_takes_writes(
    answer: str | Exception, takes_writes: bool
) -> None:
    assert await _takes_writes(Answers(answer)) is takes_writes  # type: ignore[arg-type]
