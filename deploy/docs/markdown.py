"""Writes tables and headings in Markdown. Pure."""

from collections.abc import Iterable, Sequence

GENERATED = "<!-- Written by `python -m deploy.docs`; change the code instead. -->"


def document(title: str, introduction: str, *sections: str) -> str:
    """Return a whole document: title, introduction, sections."""
    return "\n\n".join([GENERATED, f"# {title}", introduction, *sections]) + "\n"


def section(title: str, *parts: str) -> str:
    """Return a heading with the parts below it; empty parts are left out."""
    return "\n\n".join([f"## {title}", *(part for part in parts if part)])


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table; a cell is one line, and a bar in it is escaped."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(_cell(cell) for cell in line) + " |" for line in lines)


def code(text: object) -> str:
    """Return text as code."""
    return f"`{text}`"


def in_one_line(docstring: str | None) -> str:
    """Return a docstring as one line."""
    return " ".join((docstring or "").split())


def first_paragraph(docstring: str | None) -> str:
    """Return the first paragraph of a docstring as one line, without its full stop."""
    return in_one_line((docstring or "").strip().split("\n\n")[0]).removesuffix(".")


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")
