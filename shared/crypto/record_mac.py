"""Says of a record on the log who made it: a MAC over its key, its value and its CloudEvents context.

`intake_mac` is `<key id>.<base64url>`: HMAC-SHA256 under a key that intake and tracker share. The key id lets keys be
rotated while old records are on the log. Of the headers, those are covered that say what the event is (`ce_…` and
`content-type`), in any order but each as often as it was signed. Others are not: `traceparent` may be set anew on the
way, `dead_letter_…` and what brokers and mirrors add come later.
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
        """Give the record with its MAC, instead of any that it had."""
        headers = [(name, value) for name, value in message.headers if name != HEADER]
        mac = _header(self._key, message.key, message.value, headers)
        return Message(message.key, message.value, [*headers, (HEADER, mac)])


class RecordVerifier:
    """Verifies under any of its keys."""

    def __init__(self, keys: Sequence[bytes]) -> None:
        self._keys = {key_id(key).hex().encode(): key for key in keys}

    def verify(self, key: bytes | None, value: bytes | None, headers: RecordHeaders) -> bool:
        """Say whether exactly this record was signed; one without a MAC, or with two, was not."""
        headers = list(headers)
        macs = [mac or b"" for name, mac in headers if name == HEADER]
        if len(macs) != 1:
            return False
        signed_with = self._keys.get(macs[0].partition(b".")[0])
        return signed_with is not None and hmac.compare_digest(
            macs[0], _header(signed_with, key, value, headers)
        )


def has_mac(headers: RecordHeaders) -> bool:
    """Say whether a record claims to be signed."""
    return any(name == HEADER for name, _ in headers)


def _header(with_key: bytes, key: bytes | None, value: bytes | None, headers: RecordHeaders) -> bytes:
    """Every part stands behind its length, an absent one behind a length that no part has: no two records are alike."""
    named = [(name.encode(errors="backslashreplace"), text) for name, text in headers]
    covered = [header for header in named if header[0].startswith(b"ce_") or header[0] == b"content-type"]
    covered.sort(key=lambda header: (header[0], header[1] or b"", header[1] is None))
    parts = [PURPOSE, key, value, *(part for header in covered for part in header)]
    mac = hmac.digest(with_key, b"".join(map(_with_length, parts)), hashlib.sha256)
    return f"{key_id(with_key).hex()}.{to_base64url(mac)}".encode()


def _with_length(part: bytes | None) -> bytes:
    return (ABSENT if part is None else len(part)).to_bytes(LENGTH_BYTES, "big") + (part or b"")
