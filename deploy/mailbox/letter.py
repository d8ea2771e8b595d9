"""Parses a mail for display; pure."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default

HEAD = re.compile(r"<head(\s[^>]*)?>", re.IGNORECASE)
NANOSECONDS = 1_000_000_000
ADDRESS = re.compile(r"https?://[^\s<>\"']+[^\s<>\"'.,;:!?)\]]")


@dataclass(frozen=True)
class Letter:
    """A parsed mail; `headers` in their order, `text` and `html` empty where there is no such part."""

    id: str
    received_at: datetime
    sender: str
    recipients: str
    subject: str
    message_id: str
    headers: tuple[tuple[str, str], ...]
    text: str
    html: str


def read_letter(mail_id: str, content: bytes) -> Letter:
    """Parse a mail; broken parts are shown as well as possible."""
    message = message_from_bytes(content, EmailMessage, policy=default)
    headers = tuple((name, _header(message, name, index)) for name, index in _numbered(message.keys()))
    first = {name.casefold(): value for name, value in reversed(headers)}
    return Letter(
        id=mail_id,
        received_at=datetime.fromtimestamp(int(mail_id.partition(".")[0]) / NANOSECONDS, UTC),
        sender=first.get("from", ""),
        recipients=first.get("to", ""),
        subject=first.get("subject", ""),
        message_id=first.get("message-id", ""),
        headers=headers,
        text=_part(message, "plain"),
        html=_part(message, "html"),
    )


def split_links(text: str) -> list[tuple[str, bool]]:
    """Split a text into pieces, each with whether it is a web address."""
    pieces, end = [], 0
    for found in ADDRESS.finditer(text):
        pieces += [(text[end : found.start()], False), (found.group(), True)]
        end = found.end()
    return [piece for piece in [*pieces, (text[end:], False)] if piece[0]]


def open_links_outside_frame(html: str) -> str:
    """Make the links of a mail open in the whole window instead of the frame that shows it."""
    head = HEAD.search(html)
    place = head.end() if head else 0
    return f'{html[:place]}<base target="_top">{html[place:]}'


def _numbered(names: list[str]) -> list[tuple[str, int]]:
    return [
        (name, [earlier.casefold() for earlier in names[:place]].count(name.casefold()))
        for place, name in enumerate(names)
    ]


def _header(message: EmailMessage, name: str, index: int) -> str:
    try:
        return str((message.get_all(name) or [])[index])
    except Exception:  # noqa: BLE001  the parser raises many kinds on malformed headers
        return "?"


def _part(message: EmailMessage, kind: str) -> str:
    try:
        part = message.get_body((kind,))
        content = part.get_content() if part else ""
    except Exception:  # noqa: BLE001  unknown charsets, broken encodings: as above
        return ""
    return content.replace("\r\n", "\n") if isinstance(content, str) else ""
