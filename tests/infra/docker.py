"""Kafka and PostgreSQL in containers of the images that compose uses."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest


@asynccontextmanager
async def kafka(folder: Path) -> AsyncIterator[str]:
    """Run a broker for as long as the context lasts; gives its bootstrap servers."""
    pytest.skip(f"containers come later ({folder.name})")
    yield ""


@asynccontextmanager
async def postgres(folder: Path) -> AsyncIterator[str]:
    """Run a server for as long as the context lasts; gives the superuser's address."""
    pytest.skip(f"containers come later ({folder.name})")
    yield ""
