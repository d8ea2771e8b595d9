"""Authenticated encryption with rotatable keys, for data at rest, cookies and claims.

A box is the key's id (4 bytes), a random nonce (12 bytes), and the ciphertext with its tag (AES-256-GCM). The
context says what the box belongs to (a row's id, a cookie's name): it is authenticated but not stored, and
the box opens only for the same context.
"""

import os
from collections.abc import Sequence

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from shared.crypto.keys import KEY_ID_BYTES, key_id

NONCE_BYTES = 12


class CannotDecrypt(Exception):
    """The box was made with an unknown key or for another context, or was changed."""


class Box:
    """Encrypts under the first of its keys (32 bytes each, newest first) and decrypts under any of them.

    `old_prefix` stood before the nonce in boxes from before key ids; those are tried under every key. `None`
    if there never were any.
    """

    def __init__(self, keys: Sequence[bytes], *, old_prefix: bytes | None = None) -> None:
        self.newest_id = key_id(keys[0])
        self._ciphers = {key_id(key): AESGCM(key) for key in keys}
        self._newest = self._ciphers[self.newest_id]
        self._old_prefix = old_prefix

    def encrypt(self, plaintext: bytes, context: bytes) -> bytes:
        """Encrypt for one context; the box is 32 bytes longer than the plaintext."""
        nonce = os.urandom(NONCE_BYTES)
        return self.newest_id + nonce + self._newest.encrypt(nonce, plaintext, context)

    def decrypt(self, box: bytes, context: bytes) -> bytes:
        """Open a box; raises `CannotDecrypt`."""
        cipher = self._ciphers.get(box[:KEY_ID_BYTES])
        plaintext = _open(cipher, box[KEY_ID_BYTES:], context) if cipher else None
        # An old box may begin like a key's id by chance, so it is tried too.
        plaintext = self._decrypt_old(box, context) if plaintext is None else plaintext
        if plaintext is None:
            raise CannotDecrypt("changed, or of another context" if cipher else "unknown key")
        return plaintext

    def is_under_newest(self, box: bytes) -> bool:
        """True if a box was made with the newest key."""
        return box.startswith(self.newest_id)

    def _decrypt_old(self, box: bytes, context: bytes) -> bytes | None:
        if self._old_prefix is None or not box.startswith(self._old_prefix):
            return None
        rest = box[len(self._old_prefix) :]
        opened = (_open(cipher, rest, context) for cipher in self._ciphers.values())
        return next((plaintext for plaintext in opened if plaintext is not None), None)


def _open(cipher: AESGCM, rest: bytes, context: bytes) -> bytes | None:
    try:
        return cipher.decrypt(rest[:NONCE_BYTES], rest[NONCE_BYTES:], context)
    except (InvalidTag, ValueError):
        return None
