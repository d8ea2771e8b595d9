"""Parses JSON strictly: UTF-8 with or without a byte order mark, each name once per object. Pure."""

import json
from typing import Any


class DuplicateName(ValueError):
    """An object has a name twice, and parsers differ on which one counts."""

    def __init__(self, name: str) -> None:
        super().__init__("an object has a name twice")
        self.name = name


def read_json(body: bytes) -> Any:  # noqa: ANN401  any JSON value
    """Return the value of a JSON text; raises `DuplicateName`, or `ValueError` for invalid JSON."""
    try:
        content = json.loads(body.decode("utf-8-sig"), object_pairs_hook=_once, parse_constant=_no_number)
        if b"\\ud" in body.lower():
            json.dumps(
                content, ensure_ascii=False
            ).encode()  # raises for half a surrogate pair, which no database keeps
    except RecursionError as error:
        raise ValueError("nested too deep") from error
    return content


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        raise DuplicateName(next(name for name in names if names.count(name) > 1))
    return found


def _no_number(name: str) -> None:
    raise ValueError(f"{name} is no JSON")
