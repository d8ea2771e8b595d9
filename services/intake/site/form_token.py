"""Tokens of forms: each makes all sendings of one form the same request, and names its owner. Pure."""

import hashlib
import hmac
import re
import secrets
from collections.abc import Sequence

from shared.crypto.base64url import from_base64url, to_base64url
from shared.crypto.keys import derive_key

PURPOSE = b"asiointi/form-token/1"
NONCE_BYTES, OWNER_BYTES = 18, 18
WELL_FORMED = re.compile(r"[A-Za-z0-9_-]{20,64}")
NOBODY = ""


class FormTokens:
    """Makes tokens under the newest of its keys (32 bytes each), and checks them under all of them.

    A token is a random part and the form's owner: a MAC over service and person, which reveals nothing of the
    person.
    """

    def __init__(self, keys: Sequence[bytes]) -> None:
        self._keys = [derive_key(key, PURPOSE) for key in keys]

    def owners(self, service: str, person: str) -> list[bytes]:
        """Return a person's (a henkilötunnus, or `NOBODY`) owner MAC for a service, under each key."""
        return [
            hmac.digest(key, b"\n".join((service.encode(), person.encode())), hashlib.sha256)[:OWNER_BYTES]
            for key in self._keys
        ]

    def make(self, service: str, person: str) -> str:
        """Return a new token, base64url; `person` is `NOBODY` for a form that was shown to anybody."""
        return to_base64url(secrets.token_bytes(NONCE_BYTES) + self.owners(service, person)[0])

    def is_for(self, token: str, service: str, person: str) -> bool:
        """True if a form with this token was shown to this person for this service."""
        owner = owner_of(token)
        return owner is not None and any(
            hmac.compare_digest(owner, known) for known in self.owners(service, person)
        )


def owner_of(token: str) -> bytes | None:
    """Return the owner that a token claims; `None` if the token is malformed."""
    try:
        raw = from_base64url(token)
    except ValueError:
        return None
    return raw[NONCE_BYTES:] if len(raw) == NONCE_BYTES + OWNER_BYTES else None
