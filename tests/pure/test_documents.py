"""What the documents name is there, their links lead somewhere, and the reference says what the code says."""

import re
import subprocess
from pathlib import Path

import pytest

from deploy.docs import reference
from deploy.docs.settings import SERVICES
from deploy.prepare import PrepareSettings
from shared.settings import OperationSettings

ROOT = Path(__file__).parents[2]
DOCUMENTS = sorted(
    path.relative_to(ROOT).as_posix()
    for path in [*ROOT.glob("*.md"), *ROOT.glob("deploy/**/*.md"), *ROOT.glob("docs/**/*.md")]
)
NAMED = re.compile(r"`([\w./*{},<>-]+/|[\w./*{},<>-]+\.(?:py|ya?ml|html|css|js|jinja|toml|md|json))`")
LINK = re.compile(r"\]\(([^()\s]+)\)")
MADE_WHEN_RUN = ("var/", "latest.json", "addresses.json", "DIR/addresses.json", "docker.io/", "/")


def _tree() -> tuple[set[str], set[str]]:
    files = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard"], cwd=ROOT, check=True, capture_output=True, text=True
    ).stdout.split("\n")
    kept = {file for file in files if (ROOT / file).is_file()}
    return kept, {f"{parent.as_posix()}/" for file in kept for parent in Path(file).parents}


def _text(document: Path) -> str:
    """Return a document without its blocks of code."""
    return re.sub(r"^```.*?^```", "", document.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)


def _anchors(document: Path) -> set[str]:
    """Return what a link can name in a document, as GitHub makes it of each heading."""
    headings = re.findall(r"^#+ (.+)$", _text(document), flags=re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.strip().lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_file_that_a_document_names_is_there(document: str) -> None:
    files, folders = _tree()
    missing = []
    for name in NAMED.findall((ROOT / document).read_text(encoding="utf-8")):
        if name.startswith(MADE_WHEN_RUN) or any(mark in name for mark in "*<>{}"):
            continue
        there = files if not name.endswith("/") else folders
        if not any(each == name or each.endswith(f"/{name}") for each in there):
            missing.append(name)
    assert missing == []


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_link_between_documents_leads_somewhere(document: str) -> None:
    files, _ = _tree()
    dead = []
    for link in LINK.findall(_text(ROOT / document)):
        if link.startswith(("https://", "http://", "mailto:")):
            continue
        path, _, anchor = link.partition("#")
        target = ((ROOT / document).parent / path).resolve() if path else ROOT / document
        known = target.is_relative_to(ROOT) and (
            target.relative_to(ROOT).as_posix() in files or (target.is_dir() and not anchor)
        )
        if not known or (anchor and anchor not in _anchors(target)):
            dead.append(link)
    assert dead == []


@pytest.mark.parametrize("name", sorted(reference.DOCUMENTS))
def test_the_reference_says_what_the_code_says(name: str) -> None:
    written = (reference.FOLDER / name).read_text(encoding="utf-8")
    assert written == reference.DOCUMENTS[name](), "run `python -m deploy.docs`"


def test_every_setting_says_what_it_is_for() -> None:
    kinds: list[type[OperationSettings]] = [*SERVICES.values(), PrepareSettings]
    fields = [
        (f"{kind.__module__}: {name}", field) for kind in kinds for name, field in kind.model_fields.items()
    ]
    assert [name for name, field in fields if not field.description] == []
