"""The look's static files, and the Jinja environment with its macros and filters."""

import hashlib
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape
from markupsafe import Markup, escape
from starlette.responses import Response
from starlette.staticfiles import StaticFiles

from shared.text import moments, work_number
from shared.text.mail_address import shown_address

folder = Path(__file__).parent
static_folder = folder / "static"
templates_folder = folder / "templates"

LOOK_URL = "/look"
YEAR_SECONDS = 365 * 24 * 3600

TAG_OR_ENTITY = re.compile(r"(<[^<>]*>|&#?\w+;)")
CODE = re.compile(r"\+?\d[\d \N{NO-BREAK SPACE}.–-]*\d[A-Z]?\b|\b[a-zåäö]{6}-x{4}\b")


class VersionedFiles(StaticFiles):
    """Static files whose addresses carry a version, so that browsers may keep them for a year."""

    def file_response(self, *args: Any, **kwargs: Any) -> Response:  # noqa: ANN401  passed through
        """Return the file, with how long it stays fresh."""
        response = super().file_response(*args, **kwargs)
        response.headers["Cache-Control"] = f"public, max-age={YEAR_SECONDS}, immutable"
        return response


def look_files() -> StaticFiles:
    """Return the app that serves the look's files, to be mounted at `LOOK_URL`."""
    return VersionedFiles(directory=static_folder)


def versioned(folder_of_files: Path, mounted_at: str) -> Callable[[str], str]:
    """Return a function from a file's name to its URL with the version of its content."""
    versions: Mapping[str, str] = {
        file.name: hashlib.sha256(file.read_bytes()).hexdigest()[:10]
        for file in sorted(folder_of_files.iterdir())
        if file.is_file()
    }

    def address(name: str) -> str:
        return f"{mounted_at}/{name}?v={versions[name]}"

    return address


def unbroken(text: str) -> Markup:
    """Keep each number, date or code of a text on one line: `131052-308T`, `040 123 4567`."""
    # Tags and entities (`&#39;`) contain numbers of their own.
    pieces = TAG_OR_ENTITY.split(str(escape(text)))
    pieces[::2] = [CODE.sub(r'<span class="nowrap">\g<0></span>', piece) for piece in pieces[::2]]
    return Markup("".join(pieces))  # noqa: S704  escaped before


def build_environment(
    *templates: Path, mounted_at: str = LOOK_URL, demonstration: bool = False
) -> Environment:
    """Return an autoescaping environment over the given folders and the look's own.

    It has `look_url(name)` and the filters `grouped`, `clock`, `hour`, `day`, `day_and_clock`, `short_day`,
    `unbroken` and `shown_address`. With `demonstration`, every page says that it is one.
    """
    environment = Environment(
        loader=FileSystemLoader([*templates, templates_folder]),
        autoescape=select_autoescape(("html", "jinja"), default=True),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals["demonstration"] = demonstration
    environment.globals["look_url"] = versioned(static_folder, mounted_at)
    environment.filters.update(
        grouped=work_number.grouped,
        clock=moments.clock,
        hour=moments.hour,
        day=moments.day,
        day_and_clock=moments.day_and_clock,
        short_day=moments.short_day,
        unbroken=unbroken,
        shown_address=shown_address,
    )
    return environment
