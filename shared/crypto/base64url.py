"""Base64url without padding, read strictly."""

import base64


def to_base64url(raw: bytes) -> str:
    """Write bytes as text."""
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def from_base64url(text: str) -> bytes:
    """Read text, padded or not; raises `ValueError` unless `to_base64url` writes it so."""
    text = text.rstrip("=")
    raw = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    if to_base64url(raw) != text:
        raise ValueError("bits are set that stand for nothing")
    return raw
