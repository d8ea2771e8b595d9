"""Keys of this service, each derived for one purpose, and what is done with them."""

import base64
import hashlib
import hmac
import json
import os
from typing import Any
from uuid import UUID

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from joserfc import jwt
from joserfc.jwk import OKPKey

from services.identity.settings import Settings
from shared.settings import key_bytes

ALGORITHM = "Ed25519"
NONCE_BYTES = 12


def digest(secret: str) -> bytes:
    """Give what is kept of a secret that somebody else holds."""
    return hashlib.sha256(secret.encode()).digest()


class Keys:
    """Signs tokens, seals claims until they are fetched, makes pseudonyms."""

    def __init__(self, settings: Settings) -> None:
        session = key_bytes(settings.session_key)
        self.cookie = _derive(session, b"cookie")
        self._claims = AESGCM(_derive(session, b"claims"))
        self._subject = key_bytes(settings.subject_key) if settings.subject_key else _derive(session, b"subject")
        private = OKPKey.import_key(json.loads(settings.signing_key.get_secret_value()))
        self._signing = OKPKey.import_key({**private.as_dict(private=True), "kid": private.thumbprint()})

    @property
    def public_jwks(self) -> dict[str, Any]:
        """The set of public keys that verifies our tokens."""
        return {"keys": [{**self._signing.as_dict(private=False), "use": "sig", "alg": ALGORITHM}]}

    def sign(self, claims: dict[str, Any], token_type: str) -> str:
        """Sign a JWT of a type (`JWT`, `at+jwt`)."""
        return jwt.encode({"alg": ALGORITHM, "typ": token_type, "kid": self._signing.kid}, claims, self._signing, algorithms=[ALGORITHM])

    def verify(self, token: str) -> jwt.Token:
        """Read a JWT of ours; raises `JoseError` or `ValueError`."""
        return jwt.decode(token, self._signing, algorithms=[ALGORITHM])

    def seal_claims(self, claims: dict[str, Any], grant_id: UUID) -> bytes:
        """Encrypt claims for the one grant that may give them out."""
        nonce = os.urandom(NONCE_BYTES)
        return nonce + self._claims.encrypt(nonce, json.dumps(claims).encode(), grant_id.bytes)

    def open_claims(self, sealed: bytes, grant_id: UUID) -> dict[str, Any]:
        """Give the claims back."""
        claims: dict[str, Any] = json.loads(self._claims.decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], grant_id.bytes))
        return claims

    def pseudonym(self, personal_identity_code: str) -> str:
        """Give the stable `sub` of a citizen: the same person, the same text, and no way back without the key."""
        return base64.urlsafe_b64encode(hmac.digest(self._subject, personal_identity_code.encode(), "sha256")).decode().rstrip("=")


def _derive(key: bytes, purpose: bytes) -> bytes:
    return HKDF(SHA256(), 32, None, b"asiointi/identity/" + purpose).derive(key)
