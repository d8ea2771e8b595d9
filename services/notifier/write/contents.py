"""The personal parts of a mail: decrypted once when the event arrives, encrypted at rest until it is sent.

They are removed once the mail is sent. On Kafka they are sealed with hybrid encryption, 1.6 kB each. In our
own table they are encrypted with a symmetric key that is derived from the same private key, so that a row is
a tenth of the size, and sending needs no second hybrid decryption.
"""

from uuid import UUID

from pydantic import BaseModel, ConfigDict, ValidationError

from shared.crypto.box import Box, CannotDecrypt
from shared.crypto.keys import derive_key
from shared.crypto.sealing import Opener
from shared.events.rejected import Rejected

PURPOSE = b"asiointi/notifier/contents"


class Contents(BaseModel):
    """The personal parts of one mail.

    `text` is the resolution, question or reason; `answer_promised` matters to the receipt.
    """

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
    """Decrypt the sealed parts of an event; raises `Rejected` if they cannot be decrypted or are invalid."""
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
    """The contents were encrypted with a key that we no longer have, or were changed."""


class ContentsBox:
    """Encrypts contents at rest with a key derived from the newest private key; decrypts with any of them."""

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
