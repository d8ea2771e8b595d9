"""Reads what came to a return path.

A report about a mail in any of its usual shapes, an automatic reply, or something else. Pure.

Whatever the bytes, reading ends with a verdict. Only the mail's own words are believed to be the mail's: who
may change a delivery by it is decided by the authenticated token, not here.
"""

import re
from collections.abc import Iterator
from email import message_from_bytes
from email.header import decode_header
from email.message import Message
from html import unescape
from typing import NamedTuple

from services.notifier.mail.bounces import report_shapes as shapes
from services.notifier.mail.bounces.delivery_status import CLASSES, Found, codes_of, read_delivery_status
from services.notifier.mail.bounces.report_shapes import Verdict

# A report begins with what it says; reading all that hostile bytes can hold would take seconds.
MAX_BYTES, MAX_TEXT, MAX_PARTS, MAX_DEPTH = 256 * 1024, 64 * 1024, 100, 3
# Parts of the type `message/…` are read as text: a returned mail is looked into for its Message-ID alone, and
# some come in base64 against the rules.
ENCLOSED = re.compile(rb"(?im)^(content-type:\s{0,20})message/")
ENCODED = re.compile(rb"(?i)base64|quoted-printable|=\?[^?\s]{1,60}\?[bq]\?")
MESSAGE_ID = re.compile(rb"(?im)^[> \t]{0,4}message-id:\s{0,20}(<[^<>\s]{1,300}>)")
IDS = re.compile(r"<[^<>\s]{1,300}>")
TAG = re.compile(r"<[^<>]{0,2000}>")
STATUS_TYPES = ("text/delivery-status", "text/global-delivery-status")
AUTOMATIC = ("X-Autoreply", "X-Autorespond", "X-Auto-Reply-From", "X-Vacation")
NO_REPORT = ("disposition-notification", "feedback-report")


class Report(NamedTuple):
    """What a mail reports.

    `message_ids` are of the mails that it may be about; `decoded` is searched for a token.
    """

    verdict: Verdict
    status: str | None = None
    code: int | None = None
    message_ids: tuple[str, ...] = ()
    decoded: bytes = b""


def read_report(raw: bytes) -> Report:
    """Read a mail; what cannot be made out is `unknown`, and never an error."""
    try:
        return _read(raw[:MAX_BYTES], MAX_DEPTH)
    except (Exception, RecursionError):  # noqa: BLE001  hostile bytes must not end the reader; the mail is kept for people
        return Report("unknown", decoded=raw[:MAX_BYTES])


def readable_text(raw: bytes, depth: int = MAX_DEPTH) -> str:
    """Return a mail as people read it.

    As it came, or where something in it is encoded, its headers and parts decoded.
    """
    if not ENCODED.search(raw):
        return raw.decode(errors="replace")
    try:
        message = message_from_bytes(ENCLOSED.sub(rb"\1text/", raw))
        head = "\n".join(f"{name}: {_header_text(str(value))}" for name, value in message.items())
        return "\n\n".join([head, *(_readable_part(part, depth) for part in _parts(message))])
    except (Exception, RecursionError):  # noqa: BLE001  as above
        return "(cannot be decoded)"


def _readable_part(part: "_Part", depth: int) -> str:
    if part.kind == "text/rfc822":
        return readable_text(part.content, depth - 1) if depth > 1 else f"({part.kind})"
    return part.text if part.kind.startswith("text/") else f"({part.kind})"


class _Part(NamedTuple):
    kind: str
    content: bytes
    text: str


def _read(raw: bytes, depth: int) -> Report:
    message = message_from_bytes(ENCLOSED.sub(rb"\1text/", raw))
    parts = list(_parts(message))
    found = _judge(message, parts)
    if found.verdict == "unknown" and depth > 1:
        inner = [_read(part.content, depth - 1) for part in parts if part.kind == "text/rfc822"]
        forwarded = next((each for each in inner if each.verdict in {"hard", "soft"}), None)
        if forwarded:
            return forwarded
    decoded = b"\n".join((raw, *(part.content for part in parts)))
    returned = [
        match[1].decode("ascii", "replace") for part in parts for match in MESSAGE_ID.finditer(part.content)
    ]
    answered = IDS.findall(f"{_header(message, 'In-Reply-To')} {_header(message, 'References')}")
    ids = tuple(dict.fromkeys([*returned, *answered]))[:MAX_PARTS]
    return Report(found.verdict, found.status, found.code, ids, decoded)


def _judge(message: Message, parts: list[_Part]) -> Found:
    for part in parts:
        if part.kind in STATUS_TYPES and (found := read_delivery_status(part.text)):
            return _with_codes(found, parts)
    if str(message.get_param("report-type", "")).lower() in NO_REPORT:
        return Found("auto-reply")
    subject, sender = _plain(_header(message, "Subject")), _plain(_header(message, "From"))
    said = _said(parts)
    mailer = bool(shapes.MAILER.search(sender) or message.get("X-Failed-Recipients"))
    if not mailer and shapes.CHALLENGE.search(f"{subject} {said}"):
        return Found("unknown")
    if not mailer and (_is_automatic(message) or shapes.AUTO_SUBJECT.search(subject)):
        return Found("auto-reply")
    if mailer or shapes.SUBJECT.search(subject) or shapes.INTRODUCTION.search(said):
        return _worded(f"{subject} {said}")
    return Found("unknown")


def _worded(said: str) -> Found:
    status, code = codes_of(said)
    verdict = next((verdict for pattern, verdict in shapes.WORDS if pattern.search(said)), None)
    return Found(verdict or CLASSES.get((status or str(code or ""))[:1], "unknown"), status, code)


def _with_codes(found: Found, parts: list[_Part]) -> Found:
    """Look for the codes in the words where the fields hold none, or none that says anything."""
    if found.code and found.status and not found.status.endswith(".0.0"):
        return found
    status, code = codes_of(_said(parts))
    same = status and status[0] == (found.status or status)[0]
    return found._replace(status=status if same else found.status, code=found.code or code)


def _is_automatic(message: Message) -> bool:
    submitted = _header(message, "Auto-Submitted").lower()
    marks = ("X-Autoreply", "X-Autorespond", "X-Auto-Reply-From", "X-Vacation")
    return (
        (bool(submitted) and not submitted.startswith("no"))
        or any(message.get(mark) for mark in marks)
        or "auto" in _header(message, "Precedence")
    )


def _said(parts: list[_Part]) -> str:
    """Return the words of the report itself, without the mail that came back with it."""
    words = " ".join(part.text for part in parts if part.kind in {"text/plain", "text/html"})[:MAX_TEXT]
    plain = _plain(words)
    copy = shapes.COPY.search(plain)
    return plain[: copy.start()] if copy else plain


def _parts(message: Message) -> Iterator[_Part]:
    for number, part in enumerate(message.walk()):
        if number >= MAX_PARTS:
            return
        if part.is_multipart():
            continue
        content = part.get_payload(decode=True)
        if isinstance(content, bytes):
            kind = part.get_content_type()
            text = _decode(content, str(part.get_content_charset() or "utf-8"))
            yield _Part(kind, content, unescape(TAG.sub(" ", text)) if kind == "text/html" else text)


def _decode(content: bytes, charset: str) -> str:
    try:
        return content.decode(charset, "replace")
    except (LookupError, ValueError):
        return content.decode("latin-1")


def _header(message: Message, name: str) -> str:
    """Return a header as text, however it is encoded."""
    return _header_text(str(message.get(name, "")))


def _header_text(value: str) -> str:
    try:
        pieces = decode_header(value[:MAX_TEXT])
    except (ValueError, LookupError):
        return value
    return "".join(
        _decode(piece, charset or "utf-8") if isinstance(piece, bytes) else piece for piece, charset in pieces
    )


def _plain(text: str) -> str:
    return " ".join(text.lower().split())
