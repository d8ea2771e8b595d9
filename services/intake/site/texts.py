"""The site's texts in its three languages: a folder of YAML files each, with the same keys."""

import re
from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import yaml
from markupsafe import Markup

from shared.events.vocabulary import LANGUAGES, Language

DEFAULT_LANGUAGE: Language = "fi"
FOLDER = Path(__file__).parent / "texts"

Texts = SimpleNamespace
"""A tree of texts: `texts.thanks.title`."""


def read_texts() -> dict[str, Texts]:
    """Read all languages."""
    return {language: _tree(raw_texts(language)) for language in LANGUAGES}


def raw_texts(language: Language) -> dict[str, Any]:
    """Read one language as it stands in its files."""
    texts: dict[str, Any] = {}
    for file in sorted((FOLDER / language).glob("*.yaml")):
        texts |= yaml.safe_load(file.read_text(encoding="utf-8"))
    return texts


def fill(text: str, **values: object) -> Markup:
    """Put values in a text's `{places}`; the text is ours and may hold tags, the values are escaped."""
    return Markup(text).format(**values)  # noqa: S704  the text comes from our own file


def breakable(text: str, breaks: Sequence[str]) -> str:
    """Say with soft hyphens where long words may break on a narrow screen; `breaks` are words with `|` there."""
    for word in breaks:
        parts = [f"({re.escape(part)})" for part in word.split("|")]
        text = re.sub("".join(parts), "\\1\N{SOFT HYPHEN}\\2", text, flags=re.IGNORECASE)
    return text


def _tree(node: Any) -> Any:  # noqa: ANN401  a YAML tree
    if isinstance(node, dict):
        return SimpleNamespace(**{key: _tree(value) for key, value in node.items()})
    return [_tree(item) for item in node] if isinstance(node, list) else node
