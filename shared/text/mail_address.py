"""An e-mail address as SMTP takes it: what is accepted in a form can be mailed."""

import re
from typing import NamedTuple

import idna

LOCAL = re.compile(r"(?!.*=\?)[^\x00-\x20\x7f-\xa0\"(),:;<>@\[\\\]\ud800-\udfff%!]+")
"""No `%` or `!`: relays have read them as the way to another mailbox. No `=?`: mail readers show an encoded word as what it decodes to."""
LOCAL_OCTETS, DOMAIN_OCTETS = 64, 253
DOMAIN = re.compile(r"(?!-)[a-z0-9-]{1,63}(?<!-)(\.(?!-)[a-z0-9-]{1,63}(?<!-))*")


class BadAddress(ValueError):
    """No mail server can take this address; its text is not repeated here."""


class MailboxAddress(NamedTuple):
    """The address with its domain in ASCII; `needs_utf8` when the part before the @ is not ASCII (RFC 6531)."""

    address: str
    needs_utf8: bool


def mailbox_address(email: str) -> MailboxAddress:
    """Read what was typed as an e-mail address; raises `BadAddress`."""
    local, at, domain = email.strip().rpartition("@")
    if not at or not LOCAL.fullmatch(local) or len(local.encode()) > LOCAL_OCTETS:
        raise BadAddress("the part before the @ is none")
    if not domain.isascii():
        try:
            domain = idna.encode(domain, uts46=True).decode()
        except (idna.IDNAError, UnicodeError):
            raise BadAddress("the domain is none") from None
    domain = domain.lower()
    if len(domain) > DOMAIN_OCTETS or not DOMAIN.fullmatch(domain):
        raise BadAddress("the domain is none")
    return MailboxAddress(f"{local}@{domain}", needs_utf8=not local.isascii())


def shown_address(address: str) -> str:
    """Give an address as people write it: the parts of its domain that are ASCII for other letters in those letters."""
    local, at, domain = address.rpartition("@")
    return f"{local}{at}{'.'.join(_shown_label(label) for label in domain.split('.'))}"


def _shown_label(label: str) -> str:
    try:
        shown = idna.decode(label)
        return shown if idna.encode(shown).decode() == label else label
    except (idna.IDNAError, UnicodeError):
        return label
