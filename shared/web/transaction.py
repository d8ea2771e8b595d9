"""One database transaction per HTTP request; an unavailable database becomes a 503."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Annotated, TypeAlias

from fastapi import Depends, Request
from sqlalchemy.ext.asyncio import AsyncSession

from shared.database.engine import Sessions, is_transient
from shared.web.problems import Unavailable


@contextmanager
def away_is_unavailable() -> Iterator[None]:
    """Turn the errors of a database that is down or busy into `Unavailable`."""
    try:
        yield
    except Exception as error:
        if is_transient(error):
            raise Unavailable("The database is away") from error
        raise


@asynccontextmanager
async def transaction(sessions: Sessions) -> AsyncIterator[AsyncSession]:
    """Begin a transaction, for a route that needs several; raises `Unavailable` without a database."""
    with away_is_unavailable():
        async with sessions.begin() as session:
            yield session


async def _session(request: Request) -> AsyncIterator[AsyncSession]:
    async with transaction(request.app.state.sessions) as session:
        yield session


Transaction: TypeAlias = Annotated[AsyncSession, Depends(_session, scope="function")]
"""A session of `app.state.sessions`: committed before the response is sent, rolled back by an exception.

It holds a connection from its first statement to the response; a route that needs a second connection
meanwhile could deadlock with itself.
"""
