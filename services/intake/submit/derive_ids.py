"""Derives request ids and body digests under a secret. Pure.

Outsiders can neither make nor compare them.
"""

import hashlib
import hmac
from uuid import UUID, uuid5

from pydantic_core import to_json
from uuid_utils.compat import uuid7


class Derivation:
    """Derives from the 32 bytes of `INTAKE_IDEMPOTENCY_KEY`.

    Another key gives other ids for the same idempotency keys.
    """

    def __init__(self, key: bytes) -> None:
        self._namespace = UUID(bytes=hmac.digest(key, b"asiointi/request-ids", hashlib.sha256)[:16])
        self._digest_key = hmac.digest(key, b"asiointi/body-digests", hashlib.sha256)

    def request_id(self, idempotency_key: str | None, caller: str) -> UUID:
        """Return the id of a caller's key (UUIDv5), or a new id (UUIDv7) without a key."""
        if idempotency_key is None:
            return uuid7()
        return uuid5(self._namespace, f"{caller}\n{idempotency_key}")

    def body_digest(self, service: str, language: str, values: dict[str, str]) -> bytes:
        """Return 16 bytes (keyed BLAKE2b) that differ when a body differs.

        `values` are the cleaned values: one more space is no other body.
        """
        body = to_json([service, language, sorted(values.items())])
        return hashlib.blake2b(body, digest_size=16, key=self._digest_key).digest()
