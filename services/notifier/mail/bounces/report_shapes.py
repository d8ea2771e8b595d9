"""How mail systems word what they report: tables, first match wins.

Texts are compared in small letters, white space as one space.
"""

import re
from typing import Literal, TypeAlias

Verdict: TypeAlias = Literal["hard", "soft", "success", "auto-reply", "unknown"]


def _any(*phrases: str) -> re.Pattern[str]:
    return re.compile("|".join(phrases))


MAILER = _any(
    r"mailer-?daemon",
    r"postmaster",
    r"mail ?(?:delivery|router|administrator)",
    r"mdaemon",
    r"microsoftexchange[0-9a-f]{8}",
    r"no-?reply-?(?:dsn|bounce)",
    r"^<>$",
    r"system administrator",
    r"lotus.?notes",
)
"""The senders of reports."""
SUBJECT = _any(
    r"undeliver|non-?deliver|not delivered|olevererbart|unzustellbar",
    r"delivery (?:status|failure|failed|report|delayed|problem|incomplete|has failed)",
    r"returned mail|mail returned|failure notice|delayed mail|mail delivery|message (?:delayed|delivery)",
    r"could not (?:be deliver|send)|mail (?:error|failure)",
    r"ei voi(?:tu|da) toimittaa|toimitus (?:epäonnistui|viivästy)|ei toimitettu|toimittamatta"
    r"|kunde inte levereras",
)
INTRODUCTION = _any(
    r"this is the (?:qmail-send|mail system|postfix) ",
    r"this message was created automatically by mail delivery",
    r"message from yahoo",
    r"this (?:report relates to|is an automatically generated delivery status)",
    r"the original message was received at",
    r"^your document: ",
    r"addresses had (?:permanent fatal|transient non-fatal) errors",
    r"your message did not reach some or all",
)
"""What the body of a report says, where neither its sender nor its subject gives it away."""

CHALLENGE = _any(
    r"(?:confirm|verify|validate) (?:that )?(?:you|your|this)\b.{0,80}"
    r"(?:message|e-?mail|sender|human|deliver)",
    r"(?:your|this) (?:message|e-?mail) (?:is|has been|will be) (?:held|waiting|quarantined|on hold)",
    r"sender (?:verification|confirmation)|challenge.response|boxbe|spamarrest",
    r"to (?:release|deliver) (?:your|this) (?:message|e-?mail)",
)
"""A system that holds the mail until somebody proves to be a person: the reader has not got it."""
AUTO_SUBJECT = re.compile(
    r"^(?:(?:re|vs|sv|aw|fwd?): ?)*"
    r"(?:out of (?:the )?office|auto(?:matic)?[- ]?(?:reply|response|responder)|away from"
    r"|on (?:vacation|holiday|leave)|vacation|automaattinen vastaus|automaattivastaus|poissa(?:olo)?|lomalla"
    r"|autosvar|automatiskt svar|frånvaro|abwesen|réponse automatique)"
)

ARRIVED = _any(
    r"(?:has been|was) successfully (?:delivered|relayed)",
    r"notification \(success\)",
    r"successful mail delivery report",
)
GIVEN_UP = _any(
    r"given up|giving up|gave up|no longer be tried|not be retried|deleted from queue|expired|too long",
    r"permanent (?:fatal )?error|permanent failure|failed permanently",
    r"retry time(?:out)? (?:was |not )?exceeded",
)
LATE = _any(
    r"warning (?:message )?only|do(?:es)? not need to resend|no action is required",
    r"keep trying|continue (?:to try|trying)|will (?:be )?(?:try|retried|retry)",
    r"(?:is|has been|was|been) (?:delayed|deferred)|delivery delayed|still undelivered"
    r"|not (?:yet )?been delivered",
    r"transient non-fatal|temporar(?:y|ily)|toimitus (?:on )?viivästy|ei ole vielä toimitettu|försenad",
)
NOT_ARRIVED = _any(
    r"(?:could|can|did|was|were|has|have)(?: ?not|n.t) (?:be |been )?(?:able to )?"
    r"(?:deliver|reach|send|sent)",
    r"unable to deliver|undeliver|delivery (?:to .{0,200})?(?:has )?failed|delivery fail"
    r"|fail(?:ed|ure) (?:to deliver|report|notice)",
    r"unknown (?:user|recipient|address)|no (?:such )?(?:user|mailbox|recipient|person|account)",
    r"(?:user|recipient|mailbox|address|account) (?:is )?"
    r"(?:unknown|not found|unavailable|disabled|inactive|suspended|full|over quota|invalid)",
    r"(?:user|recipient|mailbox|address|account)s? (?:that .{0,40})?do(?:es)?(?: ?not|n.t) exist"
    r"|does ?n.t have an? .{0,40}account",
    r"(?:message|address|recipient) rejected|not listed in|quota exceeded",
    r"ei voi(?:tu|da) toimittaa|ei toimitettu|toimitus epäonnistui|kunde inte levereras"
    r"|konnte nicht zugestellt|n.a pas pu",
)
WORDS: tuple[tuple[re.Pattern[str], Verdict], ...] = (
    (ARRIVED, "success"),
    (GIVEN_UP, "hard"),
    (LATE, "soft"),
    (NOT_ARRIVED, "hard"),
)

COPY = _any(
    r"--- ?below this line is a copy",
    r"(?<!-)-{3,}+ ?(?:this is a copy of|original message|returned message|unsent message|message header)",
    r"copy of (?:the|your) message|received: from ",
)
"""Where a report in one piece goes over to the mail that came back."""
