"""What a mail server's refusal concerns: a recipient, a message, the server itself, or the rate of mails.

Only a refused recipient or message may fail a mail. What the server refuses for its own reasons concerns
every mail, so it holds or slows the queue. Codes: RFC 5321 4.2; enhanced codes: RFC 3463 and the IANA
registry; words only where servers put different things under one code.
"""

import re
from typing import NamedTuple

from services.notifier.domain import SESSION, TRANSACTION, Concern, Step

GREYLISTING = r"gr[ae]y-?list"
RATE_LIMITED = (
    r"\btoo (?:many|fast|frequent\w*|quickly|much)\b(?! (?:hops|received|(?:mail )?data))"
    r"|\brate[- ]?limit|\brate exceeded|\bthrottl|\bslow down\b"
    r"|\b(?:sending|connections?|hourly|daily|per (?:second|minute|hour|day)) (?:limit|quota|rate)\b"
)
# Postfix keeps its refusals of a client, a greeting or a sender until RCPT.
ABOUT_SENDER = (
    r"\brelay|\bclient host|\bhelo\b|\behlo\b|\bauthenticat|\blog ?in\b"
    r"|\bsender (?:address|domain|verif|rejected|denied|unknown)"
    r"|\bstarttls\b|\btls\b|\bblocked using\b|\bblack ?list|\bblock ?list|\breverse dns\b"
)


class Rule(NamedTuple):
    """One row: `code` and `enhanced` match whole codes, `words` anywhere in the text.

    No enhanced code is ''.
    """

    concern: Concern
    steps: tuple[Step, ...]
    code: str = r"..."
    enhanced: str = r".*"
    words: str = r""


RULES = tuple(
    (concern, frozenset(steps), re.compile(code), re.compile(enhanced), re.compile(words, re.IGNORECASE))
    for concern, steps, code, enhanced, words in (
        Rule("recipient", ("rcpt", "data", "end"), r"[45]..", r"[45]\.2\.\d+"),
        Rule("recipient", ("rcpt", "data", "end"), r"[45]..", r"[45]\.1\.([0-6]|10)"),
        Rule("recipient", ("rcpt", "data", "end"), r"4..", words=GREYLISTING),
        Rule("rate", (*SESSION, *TRANSACTION), r"[45]..", words=RATE_LIMITED),
        Rule("server", SESSION),
        # The address is beyond ASCII, and this server takes none such.
        Rule("recipient", ("mail", "rcpt"), r"[45]..", r"[45]\.6\.7"),
        # 4.7.1 is a policy about this mail; the others of 4.7 are about who sends, and how much.
        Rule("rate", TRANSACTION, r"4..", r"4\.7\.(?!1$)\d+"),
        Rule("rate", TRANSACTION, r"[45]..", r"[45]\.5\.3"),
        Rule("server", ("mail", "rcpt", "data", "end"), r"421|43.|45[45]|52[13]|53."),
        Rule("server", ("mail",)),
        Rule("server", ("rcpt", "data"), r"[45]..", r"[45]\.1\.[78]"),
        Rule("server", ("rcpt", "data"), r"[45]..", words=ABOUT_SENDER),
        Rule("message", ("data", "end"), r"[45]..", r"[45]\.3\.4"),
        Rule("server", TRANSACTION, r"[45]..", r"[45]\.3\.\d+"),
        Rule("server", ("rcpt", "data"), r"452"),
        Rule("recipient", ("rcpt",), r"501|55[013]"),
        Rule("server", TRANSACTION, r"[45]..", r"[45]\.5\.\d+"),
        Rule("recipient", ("rcpt",), r"4..|55[246]|541"),
        Rule("message", ("data", "end"), r"4..|55[012346]|541|571"),
        Rule("server", TRANSACTION),
    )
)
"""The first row that matches decides. The last takes what is no reply to this step.

The state is unknown then.
"""


def concern_of(step: Step, code: int, enhanced: str = "", words: str = "") -> Concern:
    """Say what a reply concerns that is not the one that `step` waits for; `enhanced` like `5.1.1`."""
    digits = f"{code:03}"[:3]
    return next(
        concern
        for concern, steps, of_code, of_enhanced, of_words in RULES
        if step in steps
        and of_code.fullmatch(digits)
        and of_enhanced.fullmatch(enhanced)
        and of_words.search(words)
    )
