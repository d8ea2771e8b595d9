"""Rules of mails: which event makes which mail, its Message-ID, its retries, and which names are greeted."""

import re
from datetime import datetime, timedelta
from typing import Literal, NamedTuple, TypeAlias, get_args

from shared.events.event import Event
from shared.events.request_lifecycle import (
    RequestLifecycle,
    RequestRegistered,
    RequestResolved,
    RequestStateChanged,
)
from shared.events.vocabulary import TEMPLATES, Template

ReplyClass: TypeAlias = Literal["2xx", "4xx", "5xx", "connection", "bad-address", "unwritable"]

SessionStep: TypeAlias = Literal["connect", "greeting", "ehlo", "helo", "starttls", "auth"]
TransactionStep: TypeAlias = Literal["mail", "rcpt", "data", "end"]
Step: TypeAlias = SessionStep | TransactionStep
"""The step of SMTP whose reply it is: a command, the greeting, or the final dot (`end`)."""
SESSION: tuple[Step, ...] = get_args(SessionStep)
TRANSACTION: tuple[Step, ...] = get_args(TransactionStep)

Concern: TypeAlias = Literal["recipient", "message", "server", "rate"]
"""What a mail server's refusal is about."""

MAX_RETRY_SECONDS = 3_600.0


def template_for(event: Event) -> Template | None:
    """Return the mail that an event makes; `None` for most events."""
    match event:
        case RequestRegistered():
            return "receipt"
        case RequestResolved():
            return "resolution"
        case RequestStateChanged(state="waiting_for_customer"):
            return "question"
        case RequestStateChanged(state="rejected"):
            return "rejection"
    return None


def sealed_message_of(event: RequestLifecycle) -> str | None:
    """Return the sealed text for the citizen; `None` if the event has no text."""
    return event.sealed_message if isinstance(event, RequestResolved | RequestStateChanged) else None


def auto_submitted(template: str) -> str:
    """Return the `Auto-Submitted` header (RFC 3834): only a receipt answers something that a person sent."""
    return "auto-replied" if template == "receipt" else "auto-generated"


def message_id(event_id: str, template: Template, domain: str) -> str:
    """Make the Message-ID of a mail from its arguments alone, so that a duplicate is recognized."""
    return f"<{event_id}.{template}@{domain}>"


class MailName(NamedTuple):
    """The parts of our Message-IDs: the event and template of the mail, and the number of the sending."""

    event_id: str
    template: str
    sending: int
    domain: str


MESSAGE_ID = re.compile(
    rf"<([A-Za-z0-9_-]{{1,120}})\.({'|'.join(TEMPLATES)})(?:\.(\d{{1,3}}))?@([^<>@\s]{{1,255}})>"
)


def read_message_id(text: str) -> MailName | None:
    """Parse a Message-ID; `None` if it is not one of ours."""
    match = MESSAGE_ID.fullmatch(text)
    return MailName(match[1], match[2], int(match[3] or 1), match[4]) if match else None


def message_id_of_sending(any_sending: str, number: int) -> str:
    """Make the Message-ID of the sending `number` of a mail, from the Message-ID of any of its sendings.

    A deliberate second sending is not a duplicate, so it has its own. Raises `ValueError` for a foreign id.
    """
    name = read_message_id(any_sending)
    if name is None:
        raise ValueError(any_sending)
    return f"<{name.event_id}.{name.template}{f'.{number}' if number > 1 else ''}@{name.domain}>"


def retry_delay(attempts: int, first_seconds: float, chance: float) -> float:
    """Return the seconds until the next try, after `attempts` tries.

    `chance` (0–1) is the jitter: it spreads mails that were deferred together.
    """
    longest = min(MAX_RETRY_SECONDS, first_seconds * 2.0 ** min(attempts - 1, 32))
    return longest * (0.5 + chance / 2)


def is_given_up(created_at: datetime, next_try: datetime, hours: float) -> bool:
    """True if the next try would be more than `hours` after the mail was created."""
    return next_try - created_at > timedelta(hours=hours)


def is_worth_telling(attempts: int) -> bool:
    """True if a deferral belongs on the timeline: tries 1, 2, 4, 8 and so on."""
    return attempts & (attempts - 1) == 0


MAX_NAME_LENGTH = 40


def can_greet(first_name: str) -> bool:
    """True if a mail may greet by this first name.

    Anybody can type somebody else's address into the form, and a message to them as the first name. So a
    text that could be a message or a link is not used.
    """
    named = (
        first_name
        and len(first_name) <= MAX_NAME_LENGTH
        and not any(letter.isdigit() or letter in "/:@<>\\" for letter in first_name)
    )
    dotted = any(part and not part.startswith(" ") for part in first_name.split(".")[1:])
    return bool(named and not dotted)
