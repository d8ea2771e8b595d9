"""Encrypts personal data in tracker's database, and makes keyed blind indexes to search by.

Encrypted are the henkilötunnus, answers and texts; the indexes find requests by henkilötunnus or e-mail.
"""

import hashlib
import hmac
import unicodedata
from collections.abc import Sequence
from contextlib import suppress
from uuid import UUID

from shared.crypto.box import Box
from shared.text.mail_address import BadAddress, mailbox_address, shown_address
from shared.text.typed_text import plain, visible

INDEX_BYTES = 16
ANSWERS, TEXT = b"answers/", b"text/"
"""What a box holds, before whose it is."""
OTHER_LETTERS = str.maketrans(
    {
        "ø": "o",
        "đ": "d",
        "ð": "d",
        "ł": "l",
        "ı": "i",
        "ħ": "h",
        "ŧ": "t",
        "ŋ": "n",
        "æ": "ae",
        "œ": "oe",
        "þ": "th",
    }
)
"""Letters of their own that people without them on the keyboard write so."""
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
        """Return the henkilötunnus back; raises `CannotDecrypt`."""
        return self.box.decrypt(stored, request_id.bytes).decode()

    def encrypt_answers(self, answers: str, request_id: UUID) -> bytes:
        """Encrypt the answers of one request, given as JSON."""
        return self.box.encrypt(answers.encode(), ANSWERS + request_id.bytes)

    def decrypt_answers(self, stored: bytes, request_id: UUID) -> str:
        """Return the answers back as JSON; raises `CannotDecrypt`."""
        return self.box.decrypt(stored, ANSWERS + request_id.bytes).decode()

    def encrypt_text(self, text: str, event_id: UUID) -> bytes:
        """Encrypt the text that one entry of the history sent to the citizen."""
        return self.box.encrypt(text.encode(), TEXT + event_id.bytes)

    def decrypt_text(self, stored: bytes, event_id: UUID) -> str:
        """Return the text back; raises `CannotDecrypt`."""
        return self.box.decrypt(stored, TEXT + event_id.bytes).decode()

    def index_email(self, email: str) -> bytes:
        """Return the blind index that a request is kept with.

        Letters' case does not matter, nor whether its domain is written in Unicode or ASCII.
        """
        return self._index_spelling(_in_ascii(visible(email)))

    def email_indexes(self, email: str) -> list[bytes]:
        """Return all indexes that requests of this address may be kept with.

        Earlier versions took the domain as it was typed.
        """
        typed = visible(email)
        address = _in_ascii(typed)
        return list(
            dict.fromkeys(self._index_spelling(each) for each in (address, typed, shown_address(address)))
        )

    def _index_spelling(self, address: str) -> bytes:
        return self._index(b"email/", unicodedata.normalize("NFKC", address).casefold())

    def index_personal_code(self, personal_code: str) -> bytes:
        """Return the blind index of a henkilötunnus."""
        return self._index(b"personal-code/", "".join(plain(personal_code).split()).upper())

    def _index(self, kind: bytes, text: str) -> bytes:
        return hmac.digest(self._index_key, kind + text.encode(), hashlib.sha256)[:INDEX_BYTES]


def _in_ascii(address: str) -> str:
    with suppress(BadAddress):
        return mailbox_address(address).address
    return address


def name_key(last_name: str, first_name: str) -> str:
    """Return what names are compared by: `makinen anna liisa`."""
    return " ".join(name_words(f"{last_name} {first_name}"))


def name_words(typed: str) -> list[str]:
    """Return the words of a name as they are compared.

    Small, without accents and apostrophes, parted at hyphens, commas and other marks.
    """
    small = unicodedata.normalize("NFKD", plain(typed)).casefold()
    letters = unicodedata.normalize("NFKD", small).translate(OTHER_LETTERS)
    return "".join(_compared(letter) for letter in letters).split()


def _compared(letter: str) -> str:
    if letter.isalnum():
        return letter
    if letter == "'" or unicodedata.combining(letter):
        return ""
    return letter if unicodedata.category(letter).startswith("M") else " "
