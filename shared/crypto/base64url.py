"""Encodes base64url without padding; strictly decodes it with or without padding."""

import base64


def to_base64url(raw: bytes) -> str:
    """Encode bytes."""
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def from_base64url(text: str) -> bytes:
    """Decode a text; raises `ValueError` unless it is, but for padding, what `to_base64url` writes."""
    text = text.rstrip("=")
    raw = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    if to_base64url(raw) != text:
        raise ValueError("the last bits are not zero")
    return raw
