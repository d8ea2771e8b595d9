"""Writes in words what happened to a request, and why a mail or a record failed.

Codes that have no words are shown as they are, with anything that looks like a henkilötunnus masked.
"""

import re

from shared.text.personal_codes import hide_lookalikes
from shared.text.texts import Texts

STATUS = re.compile(r"[245]\.\d{1,3}\.\d{1,3}")
"""An enhanced status code (RFC 3463), as a report about a mail has it."""


def happened(texts: Texts, kind: str, state: str | None, bounce: str | None = None) -> str:
    """Return the words for one line of the timeline: an event type, with its new state or kind of bounce."""
    return (
        texts.bounced.get(bounce or "")
        or texts.happened.get(kind)
        or texts.changed_to.get(state or "")
        or kind
    )


def known_of(texts: Texts, note: str | None) -> str:
    """Return what is known of an overdue request.

    `note` is the event type of its mail with the mail server's reply, the status of a returned mail, or the
    reason of a dead letter.
    """
    kind, _, reply = (note or "").partition(" ")
    happened_last: str | None = texts.happened.get(kind)
    if happened_last is None and STATUS.fullmatch(note or ""):
        return returned_because(texts, note, None)
    if happened_last is None:
        return set_aside_because(texts, note) if note else texts.nothing_known
    return f"{happened_last}: {reason_of(texts, reply)}" if reply else happened_last


def set_aside_because(texts: Texts, reason: str) -> str:
    """Return why a record became a dead letter, with the slug that the log and the API have."""
    if reason in texts.set_aside:
        return f"{texts.set_aside[reason]} ({reason})"
    return hide_lookalikes(reason)


def reason_of(texts: Texts, reply: str | None) -> str:
    """Return why a mail was not delivered; `reply` is the class of the server's reply, then its codes."""
    kind, _, codes = (reply or "unknown").partition(" ")
    if kind not in texts.replies:
        return hide_lookalikes(reply or "")
    words: str = texts.replies[kind]
    return f"{words} ({hide_lookalikes(codes)})" if codes else words


def returned_because(texts: Texts, status: str | None, bounce: str | None) -> str:
    """Return why a mail came back, or is late, with the reported status code."""
    by_kind = texts.returned.by_kind.get(bounce or "")
    by_status = texts.returned.by_status.get((status or "")[:3])
    reason: str = by_kind or by_status or texts.returned.unknown
    return f"{reason} ({status})" if status else reason
