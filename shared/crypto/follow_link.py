"""The signed token of the follow-up link in mails: names one request and never expires.

Notifier writes it, tracker reads it. 43 characters of base64url: the request id's 16 bytes and the first 16
bytes of their HMAC-SHA256.
"""

import base64
import binascii
import hashlib
import hmac
from uuid import UUID

ID_BYTES = TAG_BYTES = 16
PURPOSE = b"asiointi/follow-link/"


class BadLink(ValueError):
    """The token has a wrong signature or was changed."""


def sign(request_id: UUID, key: bytes) -> str:
    """Return the token of one request."""
    return base64.urlsafe_b64encode(request_id.bytes + _tag(request_id.bytes, key)).decode().rstrip("=")


def read(token: str, key: bytes) -> UUID:
    """Return the request id of a token; raises `BadLink`."""
    try:
        raw = base64.b64decode(token.strip() + "=", altchars=b"-_", validate=True)
    except (binascii.Error, ValueError) as error:
        raise BadLink("not base64url") from error
    identity, tag = raw[:ID_BYTES], raw[ID_BYTES:]
    if len(raw) != ID_BYTES + TAG_BYTES or not hmac.compare_digest(tag, _tag(identity, key)):
        raise BadLink("wrong signature")
    return UUID(bytes=identity)


def _tag(identity: bytes, key: bytes) -> bytes:
    return hmac.digest(key, PURPOSE + identity, hashlib.sha256)[:TAG_BYTES]
