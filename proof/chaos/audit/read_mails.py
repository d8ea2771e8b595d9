"""Reads and parses the mails of a run's Maildir."""

import email
import email.policy
import re
from email.message import EmailMessage
from email.utils import parseaddr
from pathlib import Path

from proof.chaos.audit.evidence import Mail

NUMBER = re.compile(r"(?<!\d)(\d{3})[\s\u00a0\u2009\u202f]?(\d{3})[\s\u00a0\u2009\u202f]?(\d{3,4})(?!\d)")
WORDS = {"fi": "työnumero", "sv": "ärendenummer", "en": "reference number"}
NANOSECONDS = 1_000_000_000


def read_mails(maildir: Path) -> list[Mail]:
    """Return every mail in the order of arrival; a file's name begins with the nanosecond of arrival."""
    files = sorted(path for path in maildir.glob("*/*") if path.parent.name in {"new", "cur"})
    return [read_mail(path.name, path.read_bytes()) for path in sorted(files, key=lambda path: path.name)]


def read_mail(name: str, content: bytes) -> Mail:
    """Read one mail; its text is the plain part."""
    message = email.message_from_bytes(content, EmailMessage, policy=email.policy.default)
    part = message.get_body(("plain",))
    text = str(part.get_content()).replace("\r\n", "\n") if part else ""
    return Mail(
        at=int(name.partition(".")[0]) / NANOSECONDS,
        file=name,
        to=parseaddr(str(message["To"]))[1],
        message_id=str(message["Message-ID"]).strip(),
        language=str(message["Content-Language"] or ""),
        words="+".join(language for language, words in WORDS.items() if words in text.casefold()),
        numbers=numbers_in(text),
        text=text,
    )


def numbers_in(text: str) -> frozenset[str]:
    """Return nine or ten digits in their groups; the digits of links and resolution markers do not count."""
    return frozenset(
        "".join(groups) for line in text.splitlines() if "://" not in line for groups in NUMBER.findall(line)
    )
