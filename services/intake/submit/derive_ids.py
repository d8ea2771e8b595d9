"""Request ids and body digests, derived under a secret so that nobody outside can make or compare them. Pure."""

import hashlib
import hmac
from uuid import UUID, uuid5

from pydantic_core import to_json
from uuid_utils.compat import uuid7


class Derivation:
    """Derives from the 32 bytes of `INTAKE_IDEMPOTENCY_KEY`; another key gives other ids for the same idempotency keys."""

    def __init__(self, key: bytes) -> None:
        self._namespace = UUID(bytes=hmac.digest(key, b"asiointi/request-ids", hashlib.sha256)[:16])
        self._digest_key = hmac.digest(key, b"asiointi/body-digests", hashlib.sha256)

    def request_id(self, idempotency_key: str | None, caller: str) -> UUID:
        """Give the id that belongs to a caller's key (UUIDv5), or a new one (UUIDv7) where there is no key."""
        if idempotency_key is None:
            return uuid7()
        return uuid5(self._namespace, f"{caller}\n{idempotency_key}")

    def body_digest(self, service: str, language: str, values: dict[str, str]) -> bytes:
        """Give 16 bytes (keyed BLAKE2b) that differ when a body differs; `values` are the cleaned ones, so that a space more is no other body."""
        body = to_json([service, language, sorted(values.items())])
        return hashlib.blake2b(body, digest_size=16, key=self._digest_key).digest()
