"""A return path for each mail (VERP): `bounces+<token>@domain`.

The token names the delivery and is authenticated, so that no report can be forged.

A token is 26 letters and digits that survive a change of case, and holds nothing about a person: delivery,
sending, MAC.
"""

import base64
import hashlib
import hmac
import re
from collections.abc import Iterator
from typing import NamedTuple

from services.notifier.settings import Settings
from shared.crypto.keys import derive_key

ID_BYTES, SENDING_BYTES, MAC_BYTES = 6, 1, 9
LAST_SENDING = 255
"""What a token has room for."""
PURPOSE = b"asiointi/notifier/return-path"
TOKEN = re.compile(rb"(?i)\+([a-z2-7]{26})(?![a-z0-9])")


class Sending(NamedTuple):
    """One sending of a delivery: the first is 1, and each deliberate repetition is one more."""

    delivery: int
    number: int


PROBE = Sending(0, 1)
"""What a connection is tried with: no delivery has this id."""


class ReturnPaths:
    """Makes return paths under the newest of the private keys, and reads those made under any of them.

    Without an `address` mails go out under `sender` alone: a report then comes to the sender's own mailbox,
    and names the mail by its Message-ID.
    """

    def __init__(self, private_keys: str, *, sender: str, address: str | None) -> None:
        self._keys = [derive_key(text.strip().encode(), PURPOSE) for text in private_keys.split(",")]
        self._sender = sender
        self._local, _, self._domain = (address or "").rpartition("@")
        self.plain = {each.lower() for each in (sender, address) if each}

    def path_of(self, sending: Sending) -> str:
        """Return the envelope sender of a mail."""
        return f"{self._local}+{self._token(sending)}@{self._domain}" if self._domain else self._sender

    def takes(self, address: str) -> bool:
        """Return whether reports come to an address.

        A return path of ours, or one of the addresses without a token.
        """
        return address.lower() in self.plain or self.read(address) is not None

    def read(self, address: str) -> Sending | None:
        """Read the sending out of a return path of ours, in any case; `None` for any other address."""
        local, _, domain = address.rpartition("@")
        if not self._domain or domain.lower() != self._domain.lower():
            return None
        if local.partition("+")[0].lower() != self._local.lower():
            return None
        return next(self.find(local.encode(errors="replace")), None)

    def find(self, text: bytes) -> Iterator[Sending]:
        """Find every sending that an authentic token in a text names."""
        for found in TOKEN.finditer(text):
            raw = base64.b32decode(found[1].upper() + b"======")
            facts, mac = raw[:-MAC_BYTES], raw[-MAC_BYTES:]
            if any(hmac.compare_digest(_mac(key, facts), mac) for key in self._keys):
                yield Sending(int.from_bytes(facts[:ID_BYTES]), facts[ID_BYTES])

    def _token(self, sending: Sending) -> str:
        facts = sending.delivery.to_bytes(ID_BYTES) + sending.number.to_bytes(SENDING_BYTES)
        return base64.b32encode(facts + _mac(self._keys[0], facts)).decode().rstrip("=").lower()


def return_paths(settings: Settings) -> ReturnPaths:
    """Make them by the settings."""
    return ReturnPaths(
        settings.sealing_private_keys.get_secret_value(), sender=settings.sender, address=settings.return_path
    )


def _mac(key: bytes, facts: bytes) -> bytes:
    return hmac.digest(key, facts, hashlib.sha256)[:MAC_BYTES]
