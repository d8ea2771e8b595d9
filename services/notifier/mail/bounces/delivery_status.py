"""The fields of a delivery status (RFC 3464, RFC 6533).

One group for the message, and one for each recipient. Pure.
"""

import re
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from services.notifier.mail.bounces.report_shapes import Verdict

FIELD = re.compile(r"([A-Za-z][A-Za-z0-9-]{1,60})[ \t]*:[ \t]*(.*)")
ENHANCED = re.compile(r"(?<![\d.])[245]\.\d{1,3}\.\d{1,3}(?![\d.])")
REPLY = re.compile(r"(?<![\d.])[45][0-5]\d(?=[ \-#,;:]|$)")
ACTIONS: Mapping[str, Verdict] = {
    "failed": "hard",
    "delayed": "soft",
    "delivered": "success",
    "relayed": "success",
    "expanded": "success",
}
CLASSES: Mapping[str, Verdict] = {"5": "hard", "4": "soft", "2": "success"}
WORST: tuple[Verdict, ...] = ("hard", "soft", "unknown", "success")
MAX_FIELDS = 2_000


class Found(NamedTuple):
    """What is said of one recipient.

    The enhanced status (`5.1.1`) and the SMTP reply code (`550`), where there are any.
    """

    verdict: Verdict
    status: str | None = None
    code: int | None = None


def read_delivery_status(text: str) -> Found | None:
    """Return the worst that is said of any recipient; `None` where none is named."""
    found = [
        _recipient(group)
        for group in _groups(text.splitlines()[:MAX_FIELDS])
        if group.keys() & {"action", "status", "final-recipient"}
    ]
    return min(found, key=lambda each: WORST.index(each.verdict), default=None)


def codes_of(text: str) -> tuple[str | None, int | None]:
    """Find the first enhanced status that says anything, and the first reply code."""
    statuses = [match[0] for match in ENHANCED.finditer(text)]
    reply = REPLY.search(text)
    return next(
        (each for each in statuses if not each.endswith(".0.0")), statuses[0] if statuses else None
    ), int(reply[0]) if reply else None


def _recipient(group: Mapping[str, str]) -> Found:
    said = group.get("status", ""), group.get("diagnostic-code", "")
    status, _ = codes_of(" ".join(said))
    _, code = codes_of(said[1])
    action = group.get("action", "").partition("(")[0].strip().lower()
    return Found(ACTIONS.get(action) or CLASSES.get((status or "")[:1], "unknown"), status, code)


def _groups(lines: Iterable[str]) -> list[dict[str, str]]:
    """Take the groups apart, also where the empty line between two of them is missing.

    A folded field is one.
    """
    groups: list[dict[str, str]] = [{}]
    name = ""
    for line in lines:
        field = FIELD.match(line.strip("\ufeff"))
        if not line.strip():
            groups.append({})
        elif line[0] in " \t" and name in groups[-1]:
            groups[-1][name] += " " + line.strip()
        elif field:
            name = field[1].lower()
            if name in groups[-1]:
                groups.append({})
            groups[-1][name] = field[2].strip()
    return groups
