"""Tables and headings in Markdown. Pure."""

from collections.abc import Iterable, Sequence

GENERATED = "<!-- Written by `python -m deploy.docs`; change the code instead. -->"


def document(title: str, introduction: str, *sections: str) -> str:
    """Give a whole document: a title, what it is about, and its sections."""
    return "\n\n".join([GENERATED, f"# {title}", introduction, *sections]) + "\n"


def section(title: str, *parts: str) -> str:
    """Give a heading with what stands below it; empty parts are left out."""
    return "\n\n".join([f"## {title}", *(part for part in parts if part)])


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Give a table; a cell is one line, and a bar in it is escaped."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(_cell(cell) for cell in line) + " |" for line in lines)


def code(text: object) -> str:
    """Give text as code."""
    return f"`{text}`"


def in_one_line(docstring: str | None) -> str:
    """Give a docstring as one line."""
    return " ".join((docstring or "").split())


def first_paragraph(docstring: str | None) -> str:
    """Give the first paragraph of a docstring as one line, without its full stop."""
    return in_one_line((docstring or "").strip().split("\n\n")[0]).removesuffix(".")


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")
