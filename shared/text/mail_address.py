"""An e-mail address as SMTP takes it: what is accepted in a form can be mailed."""

import re
from typing import NamedTuple

import idna

LOCAL = re.compile(r"(?!.*=\?)[^\x00-\x20\x7f-\xa0\"(),:;<>@\[\\\]\ud800-\udfff%!]+")
"""Characters of a local part that every relay takes.

No `%` or `!`: relays have read them as a route to another mailbox. No `=?`: mail readers decode it as an
encoded word.
"""
LOCAL_OCTETS, DOMAIN_OCTETS = 64, 253
DOMAIN = re.compile(r"(?!-)[a-z0-9-]{1,63}(?<!-)(\.(?!-)[a-z0-9-]{1,63}(?<!-))*")


class BadAddress(ValueError):
    """No mail server can take this address; the message does not repeat it."""


class MailboxAddress(NamedTuple):
    """The address with its domain in ASCII.

    `needs_utf8` if the part before the @ is not ASCII (RFC 6531).
    """

    address: str
    needs_utf8: bool


def mailbox_address(email: str) -> MailboxAddress:
    """Read what was typed as an e-mail address; raises `BadAddress`."""
    local, at, domain = email.strip().rpartition("@")
    if not at or not LOCAL.fullmatch(local) or len(local.encode()) > LOCAL_OCTETS:
        raise BadAddress("the part before the @ is not valid")
    if not domain.isascii():
        try:
            domain = idna.encode(domain, uts46=True).decode()
        except (idna.IDNAError, UnicodeError):
            raise BadAddress("the domain is not valid") from None
    domain = domain.lower()
    if len(domain) > DOMAIN_OCTETS or not DOMAIN.fullmatch(domain):
        raise BadAddress("the domain is not valid")
    return MailboxAddress(f"{local}@{domain}", needs_utf8=not local.isascii())


def shown_address(address: str) -> str:
    """Return an address as people write it: encoded parts of its domain are decoded."""
    local, at, domain = address.rpartition("@")
    return f"{local}{at}{'.'.join(_shown_label(label) for label in domain.split('.'))}"


def _shown_label(label: str) -> str:
    try:
        shown = idna.decode(label)
        return shown if idna.encode(shown).decode() == label else label
    except (idna.IDNAError, UnicodeError):
        return label
