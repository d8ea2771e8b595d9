"""Parses the HTML form of a page as a browser without JavaScript would. Pure."""

from dataclasses import dataclass, field
from html.parser import HTMLParser

NO_TEXT = ("submit", "button", "image", "reset", "file")


@dataclass
class Form:
    """A form: its action, its initial values (hidden fields too), and the options of each choice."""

    action: str
    method: str
    values: dict[str, str] = field(default_factory=dict)
    choices: dict[str, list[str]] = field(default_factory=dict)


def read_forms(page: str) -> list[Form]:
    """Return every form of a page, in order."""
    reader = _Reader()
    reader.feed(page)
    return reader.forms


def find_form(page: str, name: str) -> Form:
    """Return the form that has a field called `name`; raises `KeyError`."""
    for form in read_forms(page):
        if name in form.values or name in form.choices:
            return form
    raise KeyError(name)


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.forms: list[Form] = []
        self._select = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        name = given.get("name", "")
        if tag == "form":
            self.forms.append(Form(given.get("action", ""), given.get("method", "get").lower()))
        elif not self.forms:
            return
        elif tag == "select":
            self._select = name
            self.forms[-1].choices.setdefault(name, [])
        elif tag == "option" and given.get("value"):
            self.forms[-1].choices[self._select].append(given["value"])
        elif tag == "input" and name and given.get("type") == "radio":
            self.forms[-1].choices.setdefault(name, []).append(given.get("value", ""))
        elif tag in {"input", "textarea"} and name and given.get("type", "text") not in NO_TEXT:
            self.forms[-1].values[name] = given.get("value", "")
