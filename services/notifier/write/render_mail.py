"""Encodes mails as MIME: the fixed parts once, as a skeleton; a mail's values are filled into its places.

The result is 7-bit, with CRLF line ends and body lines of at most 76 characters: `multipart/alternative` with
quoted-printable parts, and headers in encoded words (RFC 2047). A value is cleaned before it is filled in, so
that it can neither end a header nor leave its place in a part.
"""

import binascii
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from email.utils import format_datetime
from functools import lru_cache
from html import escape
from typing import TypeAlias

from shared.events.vocabulary import Language
from shared.text.typed_text import visible
from shared.text.work_number import grouped

MARK = re.compile("\x02([a-z_]+)\x03")
SOFT_BREAK = b"=\r\n"
BOUNDARY = b"=_asiointi_7c1f4e"
QUOTED_PRINTABLE = b"\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n"
ENCODED_WORD = 60
HEADER_LINE = QUOTED_LINE = 76

Chunk: TypeAlias = "bytes | str"
"""Encoded bytes, or the name of the value that is filled in here."""


@dataclass(frozen=True, slots=True)
class Skeleton:
    """One mail in one language, encoded except for its places."""

    language: Language
    subject: bytes
    plain: Sequence[Chunk]
    html: Sequence[Chunk]


@dataclass(frozen=True, slots=True)
class Envelope:
    """The headers of one mail; `thread_id` is the Message-ID of the receipt, for the mails that follow it."""

    sender: str
    recipient: str
    message_id: str
    thread_id: str | None
    work_number: str
    title: str
    written_at: datetime
    auto_submitted: str


def mark(name: str) -> str:
    """Return the mark of a place, to be rendered into a template."""
    return f"\x02{name}\x03"


def skeleton(language: Language, subject: str, plain: str, html: str) -> Skeleton:
    """Encode the fixed parts of a rendered template; its places are those of `mark`."""
    return Skeleton(
        language, b"Subject:" + _header_text(subject, len("Subject:")), _chunks(plain), _chunks(html)
    )


def render(parts: Skeleton, envelope: Envelope, values: Mapping[str, str]) -> bytes:
    """Fill in one mail. `values` are plain texts.

    In the HTML part they are escaped, and their line breaks become `<br>`.
    """
    plain, html = {}, {}
    for name, value in values.items():
        cleaned = visible(value, lines=True)
        plain[name] = html[name] = _quoted(cleaned)
        if MARKUP.search(cleaned):
            html[name] = _quoted(escape(cleaned).replace("\n", "<br>\n"))
    return b"".join(
        (
            _headers(parts, envelope),
            b"--" + BOUNDARY + b"\r\nContent-Type: text/plain; charset=utf-8" + QUOTED_PRINTABLE,
            _fill(parts.plain, plain),
            b"\r\n--" + BOUNDARY + b"\r\nContent-Type: text/html; charset=utf-8" + QUOTED_PRINTABLE,
            _fill(parts.html, html),
            b"\r\n--" + BOUNDARY + b"--\r\n",
        )
    )


MARKUP = re.compile("[&<>\"'\n]")


def clean_line(value: str) -> str:
    """Put a text on one line, for a header or a label."""
    return " ".join(visible(value).split())


def _headers(parts: Skeleton, envelope: Envelope) -> bytes:
    number = grouped(envelope.work_number)
    numbered = f" {number}:".encode()
    start = parts.subject + (
        numbered if _last_line(parts.subject) + len(numbered) <= HEADER_LINE else b"\r\n" + numbered
    )
    thread = (
        f"In-Reply-To: {envelope.thread_id}\r\nReferences: {envelope.thread_id}\r\n"
        if envelope.thread_id
        else ""
    )
    fixed = (
        f"From: Asiointi <{envelope.sender}>\r\n"
        f"To: {envelope.recipient}\r\n"
        f"Date: {format_datetime(envelope.written_at)}\r\n"
        f"Message-ID: {envelope.message_id}\r\n"
        f"{thread}"
        f"Auto-Submitted: {envelope.auto_submitted}\r\n"
        "X-Auto-Response-Suppress: All\r\n"
        f"X-Asiointi-Work-Number: {envelope.work_number}\r\n"
        f"Content-Language: {parts.language}\r\n"
        "MIME-Version: 1.0\r\n"
        'Content-Type: multipart/alternative; boundary="'
    )
    return (
        start
        + _header_text(clean_line(envelope.title), _last_line(start))
        + b"\r\n"
        + fixed.encode()
        + BOUNDARY
        + b'"\r\n\r\n'
    )


@lru_cache(maxsize=1024)
def _header_text(value: str, used: int) -> bytes:
    """Encode a header's text with the space before it.

    It continues a line of `used` characters, or begins the next line.
    """
    if value.isascii() and value.isprintable() and "=?" not in value and used + 1 + len(value) <= HEADER_LINE:
        return b" " + value.encode()
    words = [b""]
    for letter in value:
        encoded = b"".join(
            b"_" if octet == ord(" ") else bytes((octet,)) if octet in Q_SAFE else b"=%02X" % octet
            for octet in letter.encode()
        )
        # An encoded word holds whole letters.
        if len(words[-1]) + len(encoded) > ENCODED_WORD:
            words.append(b"")
        words[-1] += encoded
    lines = [b"=?utf-8?q?" + word + b"?=" for word in words]
    return (b" " if used + 1 + len(lines[0]) <= HEADER_LINE else b"\r\n ") + b"\r\n ".join(lines)


def _last_line(header: bytes) -> int:
    return len(header) - (header.rfind(b"\n") + 1)


Q_SAFE = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789!*+-/")


def _chunks(text: str) -> tuple[Chunk, ...]:
    chunks: list[Chunk] = []
    for place, piece in enumerate(MARK.split(text)):
        if place % 2:
            chunks.append(piece)
        elif piece:
            # Soft line breaks before and after a value, so that line lengths do not depend on it.
            before = SOFT_BREAK if place and not piece.startswith("\n") else b""
            after = SOFT_BREAK if place < 2 * text.count("\x02") and not piece.endswith("\n") else b""
            chunks.append(before + _quoted(piece) + after)
    return tuple(chunks)


def _fill(chunks: Sequence[Chunk], values: Mapping[str, bytes]) -> bytes:
    return b"".join([chunk if isinstance(chunk, bytes) else values[chunk] for chunk in chunks])


def _quoted(text: str) -> bytes:
    """Encode a text so that a soft line break fits after its last line too."""
    lines = binascii.b2a_qp(text.encode()).replace(b"\n", b"\r\n")
    if _last_line(lines) < QUOTED_LINE:
        return lines
    last = 3 if lines[-3:-2] == b"=" else 1
    return lines[:-last] + SOFT_BREAK + lines[-last:]
