"""Keys of this service, each derived for one purpose, and what is done with them."""

import base64
import hashlib
import hmac
import json
from typing import Any
from uuid import UUID

from joserfc import jwt
from joserfc.jwk import OKPKey

from services.identity.settings import Settings
from shared.crypto.box import Box
from shared.crypto.keys import derive_key
from shared.settings import all_key_bytes, key_bytes

ALGORITHM = "Ed25519"
PURPOSE = b"asiointi/identity/"


def digest(secret: str) -> bytes:
    """Give what is kept of a secret that somebody else holds."""
    return hashlib.sha256(secret.encode()).digest()


class Keys:
    """Signs tokens, encrypts claims until they are fetched, makes pseudonyms. `cookies` are the keys of the browser's cookie, newest first."""

    def __init__(self, settings: Settings) -> None:
        session = all_key_bytes(settings.session_key)
        self.cookies = [derive_key(key, PURPOSE + b"cookie") for key in session]
        self._claims = Box([derive_key(key, PURPOSE + b"claims") for key in session], old_prefix=b"")
        # The oldest: a new session key in front must not give everybody another pseudonym.
        self._subject = key_bytes(settings.subject_key) if settings.subject_key else derive_key(session[-1], PURPOSE + b"subject")
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
        return self._claims.encrypt(json.dumps(claims).encode(), grant_id.bytes)

    def open_claims(self, sealed: bytes, grant_id: UUID) -> dict[str, Any]:
        """Give the claims back; raises `CannotDecrypt`."""
        claims: dict[str, Any] = json.loads(self._claims.decrypt(sealed, grant_id.bytes))
        return claims

    def pseudonym(self, personal_identity_code: str) -> str:
        """Give the stable `sub` of a citizen: the same person, the same text, and no way back without the key."""
        return base64.urlsafe_b64encode(hmac.digest(self._subject, personal_identity_code.encode(), "sha256")).decode().rstrip("=")
