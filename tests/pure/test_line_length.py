"""Sources that ruff does not read keep to the same line length.

But for templates: white space in them is part of the page or the mail that they make.
"""

from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
MAX_LENGTH = 110
FOLDERS = ("services", "shared", "deploy", "proof", ".ci")
KINDS = {".css", ".js", ".yaml", ".yml", ".toml", ""}
SOURCES = sorted(
    file.relative_to(ROOT)
    for folder in FOLDERS
    for file in [*(ROOT / folder).rglob("*"), ROOT / "docker-compose.yml", ROOT / "pyproject.toml"]
    if file.suffix in KINDS and file.is_file()
)


@pytest.mark.parametrize("source", SOURCES, ids=str)
def test_no_line_is_too_long(source: Path) -> None:
    lines = (ROOT / source).read_text(encoding="utf-8").splitlines()
    assert [number for number, line in enumerate(lines, 1) if len(line) > MAX_LENGTH] == []
