"""Short-lived keys for sealing records: one per minute, from which each record's own key is derived."""

import os
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand

from shared.crypto.keys import KEY_BYTES

NONCE_BYTES = 12
RECORDS_AN_EPOCH = 1_000
EPOCH_SECONDS = 60.0
MAX_OPENED_KEYS = 1_000


@dataclass(slots=True)
class Epoch:
    """A random key; `sealed` is its sealed form, sent with each of its records; `records` counts them."""

    key: bytes
    sealed: str
    began: float
    records: int = 0


class EpochKeys:
    """Provides the current epoch key; `seal_key` seals a new one once a minute or every thousand records."""

    def __init__(self, seal_key: Callable[[bytes], str], clock: Callable[[], float] = time.monotonic) -> None:
        self._seal_key = seal_key
        self._clock = clock
        self._epoch: Epoch | None = None

    def next(self) -> Epoch:
        """Return the epoch for one more record."""
        now, epoch = self._clock(), self._epoch
        if epoch is None or epoch.records >= RECORDS_AN_EPOCH or now - epoch.began >= EPOCH_SECONDS:
            key = os.urandom(KEY_BYTES)
            epoch = self._epoch = Epoch(key, self._seal_key(key), now)
        epoch.records += 1
        return epoch


class OpenedKeys:
    """A reader's cache of opened epoch keys; the least recently used is dropped."""

    most: ClassVar = MAX_OPENED_KEYS

    def __init__(self, open_key: Callable[[str], bytes]) -> None:
        self._open_key = open_key
        self._opened: OrderedDict[str, bytes] = OrderedDict()

    def __len__(self) -> int:
        return len(self._opened)

    def open(self, sealed: str) -> bytes:
        """Return an epoch's key; raises what `open_key` raises."""
        if (key := self._opened.get(sealed)) is not None:
            self._opened.move_to_end(sealed)
            return key
        key = self._opened[sealed] = self._open_key(sealed)
        if len(self._opened) > self.most:
            self._opened.popitem(last=False)
        return key


def encrypt_record(epoch_key: bytes, plaintext: bytes, info: bytes) -> bytes:
    """Encrypt under the key of one record. The nonce is random, because a record can be sealed twice."""
    nonce = os.urandom(NONCE_BYTES)
    return nonce + _cipher(epoch_key, info).encrypt(nonce, plaintext, None)


def decrypt_record(epoch_key: bytes, box: bytes, info: bytes) -> bytes:
    """Decrypt what was encrypted for the same record; raises `ValueError`."""
    try:
        return _cipher(epoch_key, info).decrypt(box[:NONCE_BYTES], box[NONCE_BYTES:], None)
    except InvalidTag as error:
        raise ValueError("not of this epoch and record, or changed") from error


def _cipher(epoch_key: bytes, info: bytes) -> AESGCM:
    return AESGCM(HKDFExpand(SHA256(), KEY_BYTES, info).derive(epoch_key))
