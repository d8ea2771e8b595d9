"""The storm itself: nothing is lost in a short one, and the auditor catches the product when it is broken."""

import asyncio
import json
import sys
from pathlib import Path
from typing import Any

import pytest

from proof.chaos.variants.catalogue import VARIANTS

SEED = 4711


async def chaos(root: Path, folder: Path, *arguments: str) -> tuple[int, dict[str, Any]]:
    """Run `./chaos`; return its exit code and `latest.json`."""
    command = (sys.executable, "-m", "proof.chaos", "--folder", str(folder), "--seed", str(SEED), *arguments)
    with (folder / "output").open("wb") as output:
        process = await asyncio.create_subprocess_exec(*command, stdout=output, stderr=output, cwd=root)
        code = await process.wait()
    assert (folder / "latest.json").exists(), (folder / "output").read_text()
    return code, json.loads((folder / "latest.json").read_text())


async def test_nothing_is_lost_in_a_short_storm(root: Path, tmp_path: Path) -> None:
    code, found = await chaos(root, tmp_path, "--short", "--keep")
    how = "\n".join((tmp_path / "output").read_text().splitlines()[-80:])
    assert found["open_at_end"] == {}, how
    assert found["findings"] == [], how
    assert (code, found["ok"]) == (0, True)
    assert (
        found["without_number"]
        == found["second_numbers"]
        == found["without_receipt"]
        == found["unexplained_repeats"]
        == 0
    )
    assert found["accepted"] > 900
    assert found["dead_letters_expected"] == found["dead_letters_found"] > 0
    assert "<svg" in (tmp_path / "latest.html").read_text()


@pytest.mark.parametrize("variant", sorted(VARIANTS))
async def test_the_auditor_catches_a_broken_product(root: Path, tmp_path: Path, variant: str) -> None:
    code, found = await chaos(root, tmp_path, "--variant", variant, "--requests", "80")
    assert (code, found["ok"]) == (1, False)
    assert {check for check in VARIANTS[variant].caught_by if not found[check]} == set()
