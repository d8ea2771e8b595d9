"""What a mail holds of a person: opened once when the event arrives, encrypted at rest until the mail is sent, and then gone.

The sealed parts on the log are hybrid and 1.6 kB each. In our own table they stand under a symmetric key that is derived from the same private
key, so that a row is a tenth of the size and sending needs no second opening.
"""

import os
from dataclasses import dataclass
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256, Hash
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from pydantic import BaseModel, ConfigDict, ValidationError

from shared.rejected import Rejected
from shared.sealing import Opener

KEY_BYTES, KEY_ID_BYTES, NONCE_BYTES = 32, 4, 12
PURPOSE = b"asiointi/notifier/contents"


class Contents(BaseModel):
    """The personal parts of one mail; `text` is the resolution, question or reason."""

    model_config = ConfigDict(frozen=True)

    email: str
    first_name: str = ""
    text: str = ""


class _Text(BaseModel):
    text: str


def open_contents(opener: Opener, request_id: UUID, sealed_contact: str, sealed_message: str | None) -> Contents:
    """Open the sealed parts of an event; raises `Rejected` when they cannot be opened or read."""
    contact = opener.open(sealed_contact, purpose="contact", request_id=request_id)
    message = opener.open(sealed_message, purpose="message", request_id=request_id) if sealed_message else None
    try:
        contents = Contents.model_validate_json(contact)
        return contents.model_copy(update={"text": _Text.model_validate_json(message).text}) if message else contents
    except ValidationError:
        raise Rejected("bad-contents", f"contact or message of {request_id}") from None


class Unreadable(Exception):
    """The contents were encrypted under a key that is no longer here, or were changed."""


@dataclass(frozen=True, slots=True)
class _RestKey:
    id: bytes
    cipher: AESGCM


class ContentsBox:
    """Encrypts contents at rest under the newest of the private keys, and decrypts under any of them."""

    def __init__(self, private_keys: str) -> None:
        keys = [_derive(text.strip()) for text in private_keys.split(",")]
        self._newest = keys[0]
        self._keys = {key.id: key.cipher for key in keys}

    def lock(self, contents: Contents, mail: str) -> bytes:
        """Encrypt for one mail (its Message-ID); about 32 bytes longer than the JSON."""
        nonce = os.urandom(NONCE_BYTES)
        return self._newest.id + nonce + self._newest.cipher.encrypt(nonce, contents.__pydantic_serializer__.to_json(contents), mail.encode())

    def unlock(self, box: bytes, mail: str) -> Contents:
        """Decrypt what was encrypted for the same mail; raises `Unreadable`."""
        cipher = self._keys.get(box[:KEY_ID_BYTES])
        if cipher is None:
            raise Unreadable("unknown key")
        nonce, secret = box[KEY_ID_BYTES : KEY_ID_BYTES + NONCE_BYTES], box[KEY_ID_BYTES + NONCE_BYTES :]
        try:
            return Contents.model_validate_json(cipher.decrypt(nonce, secret, mail.encode()))
        except (InvalidTag, ValueError) as error:
            raise Unreadable(type(error).__name__) from None


def _derive(private_key: str) -> _RestKey:
    key = HKDF(algorithm=SHA256(), length=KEY_BYTES, salt=None, info=PURPOSE).derive(private_key.encode())
    digest = Hash(SHA256())
    digest.update(key)
    return _RestKey(digest.finalize()[:KEY_ID_BYTES], AESGCM(key))
