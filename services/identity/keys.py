"""The cryptographic keys of identity, each for one purpose, and the operations that use them."""

import base64
import hashlib
import hmac
import json
from typing import Any
from uuid import UUID

from joserfc import jwt
from joserfc.jwk import OKPKey, RSAKey

from services.identity.settings import Settings
from shared.crypto.box import Box
from shared.crypto.keys import derive_key
from shared.settings import all_key_bytes, key_bytes

ALGORITHM = "Ed25519"
COMMON_ALGORITHM = "RS256"
"""The algorithm that every client can verify (OpenID Connect Core 15.1)."""
PURPOSE = b"asiointi/identity/"


def digest(secret: str) -> bytes:
    """Return the SHA-256 of a secret that a browser or client holds: only this is stored."""
    return hashlib.sha256(secret.encode()).digest()


class Keys:
    """Signs tokens, encrypts claims until they are fetched, and makes pseudonyms.

    `cookies` are the keys that sign browser cookies, newest first.
    """

    def __init__(self, settings: Settings) -> None:
        session = all_key_bytes(settings.session_key)
        self.cookies = [derive_key(key, PURPOSE + b"cookie") for key in session]
        self._claims = Box([derive_key(key, PURPOSE + b"claims") for key in session], old_prefix=b"")
        # The oldest key: a new session key in front must not change everybody's pseudonym.
        self._subject = (
            key_bytes(settings.subject_key)
            if settings.subject_key
            else derive_key(session[-1], PURPOSE + b"subject")
        )
        private = OKPKey.import_key(json.loads(settings.signing_key.get_secret_value()))
        self._signing = OKPKey.import_key({**private.as_dict(private=True), "kid": private.thumbprint()})
        self._by_algorithm: dict[str, OKPKey | RSAKey] = {ALGORITHM: self._signing}
        if settings.id_token_key:
            common = RSAKey.import_key(json.loads(settings.id_token_key.get_secret_value()))
            self._by_algorithm[COMMON_ALGORITHM] = RSAKey.import_key(
                {**common.as_dict(private=True), "kid": common.thumbprint()}
            )

    @property
    def id_token_algorithms(self) -> list[str]:
        """The algorithms for which there is a key, RS256 first."""
        return sorted(self._by_algorithm, reverse=True)

    @property
    def public_jwks(self) -> dict[str, Any]:
        """The public keys that verify our tokens, as a JWK set (RFC 7517)."""
        return {
            "keys": [
                {**key.as_dict(private=False), "use": "sig", "alg": algorithm}
                for algorithm, key in self._by_algorithm.items()
            ]
        }

    def sign(self, claims: dict[str, Any], token_type: str, algorithm: str = ALGORITHM) -> str:
        """Sign a JWT of a type (`JWT`, `at+jwt`), with `ALGORITHM` when `algorithm` has no key."""
        algorithm = algorithm if algorithm in self._by_algorithm else ALGORITHM
        key = self._by_algorithm[algorithm]
        return jwt.encode(
            {"alg": algorithm, "typ": token_type, "kid": key.kid}, claims, key, algorithms=[algorithm]
        )

    def verify(self, token: str) -> jwt.Token:
        """Verify a token that we signed with `ALGORITHM`; raises `JoseError` or `ValueError`."""
        return jwt.decode(token, self._signing, algorithms=[ALGORITHM])

    def seal_claims(self, claims: dict[str, Any], grant_id: UUID) -> bytes:
        """Encrypt claims; they can be decrypted with the same grant id only."""
        return self._claims.encrypt(json.dumps(claims).encode(), grant_id.bytes)

    def open_claims(self, sealed: bytes, grant_id: UUID) -> dict[str, Any]:
        """Decrypt claims; raises `CannotDecrypt`."""
        claims: dict[str, Any] = json.loads(self._claims.decrypt(sealed, grant_id.bytes))
        return claims

    def pseudonym(self, personal_identity_code: str) -> str:
        """Return a citizen's pseudonymous `sub`, base64url, always the same for the same person.

        It is a keyed hash, so that nobody without the key can find the henkilötunnus by trying all of them.
        """
        return (
            base64.urlsafe_b64encode(hmac.digest(self._subject, personal_identity_code.encode(), "sha256"))
            .decode()
            .rstrip("=")
        )
