"""Authenticates Kafka records: a MAC over a record's key, value and CloudEvents headers proves who wrote it.

`intake_mac` is `<key id>.<base64url>`: HMAC-SHA256 under a key that intake and tracker share. The key id
allows key rotation while old records are on the log. It covers the headers that say what the event is (`ce_…`
and `content-type`), in any order but each as often as it was signed. Other headers are not covered:
`traceparent` may be replaced on the way, and `dead_letter_…` and the headers of brokers and mirrors are added
later.
"""

import hashlib
import hmac
from collections.abc import Iterable, Sequence

from shared.crypto.base64url import to_base64url
from shared.crypto.keys import key_id
from shared.events.envelope import Message

HEADER = "intake_mac"
PURPOSE = b"asiointi/record-mac/1"
LENGTH_BYTES = 8
ABSENT = (1 << 8 * LENGTH_BYTES) - 1

RecordHeaders = Iterable[tuple[str, bytes | None]]


class RecordSigner:
    """Signs under the first of its keys (32 bytes each, newest first)."""

    def __init__(self, keys: Sequence[bytes]) -> None:
        self._key = keys[0]

    def sign(self, message: Message) -> Message:
        """Return the record with its MAC, which replaces any that it had."""
        headers = [(name, value) for name, value in message.headers if name != HEADER]
        mac = _header(self._key, message.key, message.value, headers)
        return Message(message.key, message.value, [*headers, (HEADER, mac)])


class RecordVerifier:
    """Verifies under any of its keys."""

    def __init__(self, keys: Sequence[bytes]) -> None:
        self._keys = {key_id(key).hex().encode(): key for key in keys}

    def verify(self, key: bytes | None, value: bytes | None, headers: RecordHeaders) -> bool:
        """True if exactly this record was signed; false without a MAC, or with two."""
        headers = list(headers)
        macs = [mac or b"" for name, mac in headers if name == HEADER]
        if len(macs) != 1:
            return False
        signed_with = self._keys.get(macs[0].partition(b".")[0])
        return signed_with is not None and hmac.compare_digest(
            macs[0], _header(signed_with, key, value, headers)
        )


def has_mac(headers: RecordHeaders) -> bool:
    """True if a record has a MAC header, valid or not."""
    return any(name == HEADER for name, _ in headers)


def _header(with_key: bytes, key: bytes | None, value: bytes | None, headers: RecordHeaders) -> bytes:
    """Return the MAC header. Each part is preceded by its length, an absent one by an impossible length.

    So no two different records have the same input.
    """
    named = [(name.encode(errors="backslashreplace"), text) for name, text in headers]
    covered = [header for header in named if header[0].startswith(b"ce_") or header[0] == b"content-type"]
    covered.sort(key=lambda header: (header[0], header[1] or b"", header[1] is None))
    parts = [PURPOSE, key, value, *(part for header in covered for part in header)]
    mac = hmac.digest(with_key, b"".join(map(_with_length, parts)), hashlib.sha256)
    return f"{key_id(with_key).hex()}.{to_base64url(mac)}".encode()


def _with_length(part: bytes | None) -> bytes:
    return (ABSENT if part is None else len(part)).to_bytes(LENGTH_BYTES, "big") + (part or b"")
