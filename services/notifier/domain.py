"""Which events make which mail, and when a mail that was not taken is tried again."""

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
from shared.events.vocabulary import Language, Template

ReplyClass: TypeAlias = Literal["2xx", "4xx", "5xx", "connection", "bad-address", "unwritable"]

SessionStep: TypeAlias = Literal["connect", "greeting", "ehlo", "helo", "starttls", "auth"]
TransactionStep: TypeAlias = Literal["mail", "rcpt", "data", "end"]
Step: TypeAlias = SessionStep | TransactionStep
"""The step of SMTP whose reply it is: a command, the greeting, or the final dot (`end`)."""
SESSION: tuple[Step, ...] = get_args(SessionStep)
TRANSACTION: tuple[Step, ...] = get_args(TransactionStep)

Concern: TypeAlias = Literal["recipient", "message", "server", "rate"]
"""What a mail server's refusal concerns."""

LONGEST_RETRY_SECONDS = 3_600.0


def template_for(event: Event) -> Template | None:
    """Name the mail that an event makes; most events make none."""
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
    """Give the sealed text for the citizen, where the event carries one."""
    return event.sealed_message if isinstance(event, RequestResolved | RequestStateChanged) else None


def auto_submitted(template: str) -> str:
    """Say how a mail came to be sent without a person (RFC 3834): only a receipt answers what somebody sent."""
    return "auto-replied" if template == "receipt" else "auto-generated"


def message_id(event_id: str, template: Template, domain: str) -> str:
    """Name a mail; the same event and template always give the same name, so that a repeat is known as one."""
    return f"<{event_id}.{template}@{domain}>"


class MailName(NamedTuple):
    """What a Message-ID of ours says: the event and template of the mail, and which sending of it."""

    event_id: str
    template: str
    sending: int
    domain: str


MESSAGE_ID = re.compile(
    r"<([A-Za-z0-9_-]{1,120})\.(receipt|question|resolution|rejection)(?:\.(\d{1,3}))?@([^<>@\s]{1,255})>"
)


def read_message_id(text: str) -> MailName | None:
    """Read a Message-ID; `None` when it is not one of ours."""
    match = MESSAGE_ID.fullmatch(text)
    return MailName(match[1], match[2], int(match[3] or 1), match[4]) if match else None


def message_id_of_sending(any_sending: str, number: int) -> str:
    """Give the Message-ID of one sending of a mail, from that of another: a deliberate second sending is no repeat, and has its own."""
    name = read_message_id(any_sending)
    if name is None:
        raise ValueError(any_sending)
    return f"<{name.event_id}.{name.template}{f'.{number}' if number > 1 else ''}@{name.domain}>"


def retry_delay(attempts: int, first_seconds: float, chance: float) -> float:
    """Give the seconds until the next try after `attempts` tries; `chance` (0–1) spreads mails that were deferred together."""
    longest = min(LONGEST_RETRY_SECONDS, first_seconds * 2.0 ** min(attempts - 1, 32))
    return longest * (0.5 + chance / 2)


def is_given_up(created_at: datetime, next_try: datetime, hours: float) -> bool:
    """Say whether the next try would come too late for anybody."""
    return next_try - created_at > timedelta(hours=hours)


def is_worth_telling(attempts: int) -> bool:
    """Say whether a deferral belongs on the timeline: the first, and then ever fewer (tries 1, 2, 4, 8, …)."""
    return attempts & (attempts - 1) == 0


HELLO = {"fi": "Hei", "sv": "Hej", "en": "Hello"}
LONGEST_NAME = 40


def greeting(first_name: str, language: Language) -> str:
    """Greet by first name, or without one where it is no name: anybody can type an address and a message for its owner into the form."""
    named = (
        first_name
        and len(first_name) <= LONGEST_NAME
        and not any(letter.isdigit() or letter in "/:@<>\\" for letter in first_name)
    )
    dotted = any(part and not part.startswith(" ") for part in first_name.split(".")[1:])
    return f"{HELLO[language]} {first_name}!" if named and not dotted else f"{HELLO[language]}!"
