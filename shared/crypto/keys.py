"""Derives keys from keys, and computes the ids that name keys."""

import hashlib

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

KEY_BYTES = 32
KEY_ID_BYTES = 4


def derive_key(key: bytes, purpose: bytes) -> bytes:
    """Derive 32 bytes for one purpose (HKDF-SHA256).

    They reveal neither the key nor those of other purposes.
    """
    return HKDF(SHA256(), KEY_BYTES, None, purpose).derive(key)


def key_id(key: bytes) -> bytes:
    """Return the first 4 bytes of a random key's SHA-256: enough to choose among a few keys."""
    return hashlib.sha256(key).digest()[:KEY_ID_BYTES]
