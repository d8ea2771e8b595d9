"""What notifier's HTTP side works with: opened once, given to routes by dependency."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Annotated, TypeAlias

from fastapi import Depends, Request

from services.notifier.settings import Settings
from services.notifier.write.contents import ContentsBox
from shared.database.engine import Sessions, open_database


@dataclass(frozen=True, slots=True)
class Resources:
    """Open for as long as the app runs."""

    sessions: Sessions
    box: ContentsBox


@asynccontextmanager
async def open_resources(settings: Settings) -> AsyncIterator[Resources]:
    """Open the database; it may be away."""
    box = ContentsBox(settings.sealing_private_keys.get_secret_value())
    async with open_database(
        settings.database_url.get_secret_value(), most=settings.database_connections
    ) as sessions:
        yield Resources(sessions, box)


async def _resources(request: Request) -> Resources:
    resources: Resources = request.app.state.resources
    return resources


GivenResources: TypeAlias = Annotated[Resources, Depends(_resources)]
