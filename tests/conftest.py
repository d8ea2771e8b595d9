"""Servers that tests share, started when the first test asks for them.

`TEST_INFRA` chooses `embedded` (default) or `docker`.
"""

import asyncio
import importlib
import os
import secrets
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import asyncpg
import hypothesis
import pytest

from deploy.postgres import ensure_database
from deploy.processes import LIMITS_TIMES
from shared.database.engine import migrate
from shared.kafka.connection import KafkaConnection
from shared.kafka.topics import ensure_topics
from tests.infra.one_connection import one_connection_at_a_time

if TYPE_CHECKING:
    from playwright.async_api import Browser

CHROMIUM_ARGUMENTS = [
    "--no-sandbox",
    "--disable-quic",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]
os.environ.setdefault(LIMITS_TIMES, "1000000")
"""One machine plays everybody; limits have tests of their own."""
hypothesis.settings.register_profile("no-deadline", deadline=None)
hypothesis.settings.load_profile("no-deadline")
"""How long one example takes says more about the machine than about the code."""
SERVICES = Path(__file__).parents[1] / "services"
FreshDatabase = Callable[[str], Awaitable[str]]


@pytest.fixture
def one_connection() -> Iterator[None]:
    """Fail the test where a task holds one connection of a pool while it takes another."""
    with one_connection_at_a_time():
        yield


@pytest.fixture(scope="session")
def infra() -> ModuleType:
    """Return the module that starts servers: `tests.infra.embedded` or `tests.infra.docker`."""
    return importlib.import_module(f"tests.infra.{os.environ.get('TEST_INFRA', 'embedded')}")


@pytest.fixture(scope="session")
async def kafka(
    infra: ModuleType, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[KafkaConnection]:
    """Return how a running broker that has the topics is reached."""
    running: AbstractAsyncContextManager[KafkaConnection] = infra.kafka(tmp_path_factory.mktemp("kafka"))
    async with running as connection:
        await ensure_topics(connection)
        yield connection


@pytest.fixture(scope="session")
async def postgres(infra: ModuleType, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[str]:
    """Return the superuser's address of a running PostgreSQL."""
    running: AbstractAsyncContextManager[str] = infra.postgres(tmp_path_factory.mktemp("postgres"))
    async with running as admin_dsn:
        yield admin_dsn


@pytest.fixture
async def fresh_database(postgres: str) -> AsyncIterator[FreshDatabase]:
    """Return what makes an empty database owned by a role of its own, `dsn = await make("tracker")`.

    Both are gone after the test.
    """
    made: list[str] = []

    async def make(service: str) -> str:
        made.append(f"{service}_{secrets.token_hex(4)}")
        return await _make_owned(postgres, made[-1])

    yield make
    connection = await asyncpg.connect(postgres)
    for name in made:
        await connection.execute(f'DROP DATABASE "{name}" WITH (FORCE)')
        await connection.execute(f'DROP ROLE "{name}"')
    await connection.close()


@pytest.fixture(scope="session")
def templates() -> dict[str, str]:
    """Keep, by service, the address of a database that was migrated once."""
    return {}


@pytest.fixture
async def migrated_database(postgres: str, templates: dict[str, str]) -> AsyncIterator[FreshDatabase]:
    """Return what makes a database with a service's schema: `dsn = await make("tracker")`.

    It is a copy of one that was migrated once, and is dropped after the test.
    """
    async with _copies(postgres, templates) as make:
        yield make


@pytest.fixture(scope="session")
async def lasting_database(postgres: str, templates: dict[str, str]) -> AsyncIterator[FreshDatabase]:
    """Return the same as `migrated_database`, for apps that many tests share; dropped after the last test."""
    async with _copies(postgres, templates) as make:
        yield make


@asynccontextmanager
async def _copies(postgres: str, templates: dict[str, str]) -> AsyncIterator[FreshDatabase]:
    made: list[str] = []
    connection = await asyncpg.connect(postgres)

    async def make(service: str) -> str:
        copy = f"{service}_{secrets.token_hex(4)}"
        if service not in templates:
            templates[service] = await _make_owned(postgres, f"{copy}_template")
            await asyncio.to_thread(migrate, SERVICES / service / "migrations", templates[service])
        template = urlsplit(templates[service])
        await connection.execute(
            f'CREATE DATABASE "{copy}" TEMPLATE "{template.username}" OWNER "{template.username}"'
        )
        made.append(copy)
        return template._replace(path=f"/{copy}").geturl()

    yield make
    for name in made:
        await connection.execute(f'DROP DATABASE "{name}" WITH (FORCE)')
    await connection.close()


async def _make_owned(postgres: str, name: str) -> str:
    """Make an empty database and the role that owns it, both called `name`; return its address."""
    password = secrets.token_urlsafe()
    await ensure_database(postgres, name, password)
    return (
        urlsplit(postgres)
        ._replace(netloc=f"{name}:{password}@{urlsplit(postgres).netloc.rpartition('@')[2]}", path=f"/{name}")
        .geturl()
    )


@pytest.fixture(scope="session")
async def stack(infra: ModuleType, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[dict[str, Any]]:
    """Return the addresses of a whole running stack, shared by all tests that ask for it.

    `file` names where its `pids` are kept true.
    """
    running: AbstractAsyncContextManager[dict[str, Any]] = infra.stack(tmp_path_factory.mktemp("stack"))
    async with running as addresses:
        yield addresses


@pytest.fixture(scope="session")
async def browser() -> AsyncIterator["Browser"]:
    """Return a chromium, the one of `TEST_BROWSER` or of the system.

    Without any the test is skipped, and `./test` says so at its end.
    """
    async with _chromium() as chromium:
        yield chromium


@pytest.fixture
async def remembering_browser() -> AsyncIterator["Browser"]:
    """Return one that keeps pages in memory for the way back, as people have it.

    Playwright turns that off.
    """
    async with _chromium(ignore_default_args=["--disable-back-forward-cache"]) as chromium:
        yield chromium


@asynccontextmanager
async def _chromium(**options: Any) -> AsyncIterator["Browser"]:  # noqa: ANN401  Playwright's own
    path = os.environ.get("TEST_BROWSER") or shutil.which("chromium") or shutil.which("chromium-browser")
    if path is None:
        pytest.skip("no browser; ./test installs one")
    from playwright.async_api import async_playwright  # noqa: PLC0415  slow to import

    async with async_playwright() as playwright:
        chromium = await playwright.chromium.launch(executable_path=path, args=CHROMIUM_ARGUMENTS, **options)
        yield chromium
        await chromium.close()


@pytest.fixture(scope="session")
def root() -> Path:
    """Return the folder of the checkout."""
    return Path(__file__).parents[1]


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Fail a run in which a test was skipped, where `TEST_SKIPS` is `fail`.

    A missing package must not pass for a promise kept.
    """
    terminal = session.config.pluginmanager.get_plugin("terminalreporter")
    if os.environ.get("TEST_SKIPS") == "fail" and terminal and terminal.stats.get("skipped"):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
