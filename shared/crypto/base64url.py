"""Encodes and strictly decodes base64url without padding."""

import base64


def to_base64url(raw: bytes) -> str:
    """Encode bytes."""
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def from_base64url(text: str) -> bytes:
    """Decode a text with or without padding; raises `ValueError` unless `to_base64url` would write it."""
    text = text.rstrip("=")
    raw = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    if to_base64url(raw) != text:
        raise ValueError("bits are set that stand for nothing")
    return raw
