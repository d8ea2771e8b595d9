"""Which events make which mail, and when a mail that was not taken is tried again."""

from datetime import datetime, timedelta
from typing import Literal, TypeAlias

from shared.events.event import Event, Language
from shared.events.request_lifecycle import RequestLifecycle, RequestRegistered, RequestResolved, RequestStateChanged

Template: TypeAlias = Literal["receipt", "question", "resolution", "rejection"]
ReplyClass: TypeAlias = Literal["2xx", "4xx", "5xx", "connection", "bad-address", "unwritable"]

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


def message_id(event_id: str, template: Template, domain: str) -> str:
    """Name a mail; the same event and template always give the same name, so that a repeat is known as one."""
    return f"<{event_id}.{template}@{domain}>"


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
    named = first_name and len(first_name) <= LONGEST_NAME and not any(letter.isdigit() or letter in "/:@<>\\" for letter in first_name)
    dotted = any(part and not part.startswith(" ") for part in first_name.split(".")[1:])
    return f"{HELLO[language]} {first_name}!" if named and not dotted else f"{HELLO[language]}!"
