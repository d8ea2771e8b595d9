"""Personal data in tracker's database: the henkilötunnus encrypted, and keyed blind indexes to find requests by it or by an e-mail."""

import hashlib
import hmac
import unicodedata
from collections.abc import Sequence
from uuid import UUID

from shared.crypto.box import Box
from shared.typed_text import plain, visible

INDEX_BYTES = 16
VERSION_BEFORE_KEY_IDS = b"\x01"


class AtRest:
    """Encrypts with the newest of tracker's data keys, and indexes with its one index key (32 bytes each)."""

    def __init__(self, data_keys: Sequence[bytes], index_key: bytes) -> None:
        self.box = Box(data_keys, old_prefix=VERSION_BEFORE_KEY_IDS)
        self._index_key = index_key

    def encrypt(self, personal_code: str, request_id: UUID) -> bytes:
        """Encrypt a henkilötunnus for one request."""
        return self.box.encrypt(personal_code.encode(), request_id.bytes)

    def decrypt(self, stored: bytes, request_id: UUID) -> str:
        """Give the henkilötunnus back; raises `CannotDecrypt`."""
        return self.box.decrypt(stored, request_id.bytes).decode()

    def index_email(self, email: str) -> bytes:
        """Give the blind index of an e-mail address; letters' case does not matter."""
        return self._index(b"email/", unicodedata.normalize("NFKC", visible(email)).casefold())

    def index_personal_code(self, personal_code: str) -> bytes:
        """Give the blind index of a henkilötunnus."""
        return self._index(b"personal-code/", "".join(plain(personal_code).split()).upper())

    def _index(self, kind: bytes, text: str) -> bytes:
        return hmac.digest(self._index_key, kind + text.encode(), hashlib.sha256)[:INDEX_BYTES]


def name_key(last_name: str, first_name: str) -> str:
    """Give what names are compared by: `virtanen matti`, in small letters and with single spaces."""
    return " ".join(unicodedata.normalize("NFKC", f"{last_name} {first_name}").casefold().split())
