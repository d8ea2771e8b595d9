"""Personal data in tracker's database: the henkilötunnus encrypted, and keyed blind indexes to find requests by it or by an e-mail."""

import hashlib
import hmac
import os
import unicodedata
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

VERSION = b"\x01"
NONCE_BYTES = 12
INDEX_BYTES = 16


class CannotDecrypt(Exception):
    """What is stored was encrypted with another key or for another request."""


class AtRest:
    """Encrypts and indexes with tracker's two keys (32 bytes each)."""

    def __init__(self, data_key: bytes, index_key: bytes) -> None:
        self._aes = AESGCM(data_key)
        self._index_key = index_key

    def encrypt(self, personal_code: str, request_id: UUID) -> bytes:
        """Encrypt a henkilötunnus for one request: version, nonce, AES-256-GCM with the request id as associated data."""
        nonce = os.urandom(NONCE_BYTES)
        return VERSION + nonce + self._aes.encrypt(nonce, personal_code.encode(), request_id.bytes)

    def decrypt(self, stored: bytes, request_id: UUID) -> str:
        """Give the henkilötunnus back; raises `CannotDecrypt`."""
        nonce, box = stored[1 : 1 + NONCE_BYTES], stored[1 + NONCE_BYTES :]
        try:
            return self._aes.decrypt(nonce, box, request_id.bytes).decode()
        except (InvalidTag, ValueError) as error:
            raise CannotDecrypt(str(request_id)) from error

    def index_email(self, email: str) -> bytes:
        """Give the blind index of an e-mail address; letters' case does not matter."""
        return self._index(b"email/", unicodedata.normalize("NFKC", email.strip()).casefold())

    def index_personal_code(self, personal_code: str) -> bytes:
        """Give the blind index of a henkilötunnus."""
        return self._index(b"personal-code/", personal_code.strip().upper())

    def _index(self, kind: bytes, text: str) -> bytes:
        return hmac.digest(self._index_key, kind + text.encode(), hashlib.sha256)[:INDEX_BYTES]


def name_key(last_name: str, first_name: str) -> str:
    """Give what names are compared by: `virtanen matti`, in small letters and with single spaces."""
    return " ".join(unicodedata.normalize("NFKC", f"{last_name} {first_name}").casefold().split())
