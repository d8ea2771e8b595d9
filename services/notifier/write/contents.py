"""What a mail holds of a person: opened once when the event arrives, encrypted at rest until the mail is sent, and then gone.

The sealed parts on the log are hybrid and 1.6 kB each. In our own table they stand under a symmetric key that is derived from the same private
key, so that a row is a tenth of the size and sending needs no second opening.
"""

from uuid import UUID

from pydantic import BaseModel, ConfigDict, ValidationError

from shared.crypto.box import Box, CannotDecrypt
from shared.crypto.keys import derive_key
from shared.crypto.sealing import Opener
from shared.events.rejected import Rejected

PURPOSE = b"asiointi/notifier/contents"


class Contents(BaseModel):
    """The personal parts of one mail; `text` is the resolution, question or reason, and `answer_promised` is for the receipt."""

    model_config = ConfigDict(frozen=True)

    email: str
    first_name: str = ""
    text: str = ""
    answer_promised: bool = True


class _Text(BaseModel):
    text: str


def open_contents(
    opener: Opener, request_id: UUID, sealed_contact: str, sealed_message: str | None
) -> Contents:
    """Open the sealed parts of an event; raises `Rejected` when they cannot be opened or read."""
    contact = opener.open(sealed_contact, purpose="contact", request_id=request_id)
    message = (
        opener.open(sealed_message, purpose="message", request_id=request_id) if sealed_message else None
    )
    try:
        contents = Contents.model_validate_json(contact)
        return (
            contents.model_copy(update={"text": _Text.model_validate_json(message).text})
            if message
            else contents
        )
    except ValidationError:
        raise Rejected("bad-contents", f"contact or message of {request_id}") from None


class Unreadable(Exception):
    """The contents were encrypted under a key that is no longer here, or were changed."""


class ContentsBox:
    """Encrypts contents at rest under a key derived from the newest of the private keys, and decrypts under any of them."""

    def __init__(self, private_keys: str) -> None:
        self.box = Box([derive_key(text.strip().encode(), PURPOSE) for text in private_keys.split(",")])

    def lock(self, contents: Contents, mail: str) -> bytes:
        """Encrypt for one mail (its Message-ID)."""
        return self.box.encrypt(contents.__pydantic_serializer__.to_json(contents), mail.encode())

    def unlock(self, box: bytes, mail: str) -> Contents:
        """Decrypt what was encrypted for the same mail; raises `Unreadable`."""
        try:
            return Contents.model_validate_json(self.box.decrypt(box, mail.encode()))
        except (CannotDecrypt, ValueError) as error:
            raise Unreadable(type(error).__name__) from None
