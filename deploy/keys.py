"""Creates the secrets of one stack once, in a file that only its owner may read."""

import json
import os
import secrets
from collections.abc import Mapping
from pathlib import Path

SERVICES = ("intake", "identity", "tracker", "notifier")
CLIENTS = ("intake", "console", "backoffice")
KEYS = (
    "intake_session",
    "tracker_session",
    "identity_session",
    "identity_subject",
    "idempotency",
    "record",
    "data",
    "index",
    "work_number",
    "link",
)
SEALED_TO = ("tracker", "notifier")
KAFKA_USERS = ("broker", "admin", "intake", "tracker", "notifier", "backoffice")

RSA_BITS = 3_072

Secrets = Mapping[str, str]


def read_or_make(file: Path) -> Secrets:
    """Return the secrets of `file`, after adding missing ones (mode 0600, replaced atomically)."""
    known: dict[str, str] = json.loads(file.read_text()) if file.exists() else {}
    if wanted() <= known.keys():
        return known
    made = make() | known
    draft = file.with_suffix(".new")
    draft.unlink(missing_ok=True)
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as output:
        json.dump(made, output, indent=1)
    draft.replace(file)
    return made


def wanted() -> set[str]:
    """Return the names of all secrets."""
    return {
        "postgres_password",
        "operator_password",
        "identity_signing_key",
        "identity_id_token_key",
        *(f"{service}_database_password" for service in SERVICES),
        *(f"{client}_client_secret" for client in CLIENTS),
        *(f"kafka_{user}_password" for user in KAFKA_USERS),
        *(f"{key}_key" for key in KEYS),
        *(f"{service}_sealing_{half}_key" for service in SEALED_TO for half in ("private", "public")),
    }


def make() -> dict[str, str]:
    """Return new values of all secrets.

    Keys are 32 bytes as base64url, the signing keys private JWKs (Ed25519, and RSA for ID tokens).
    """
    made = {name: secrets.token_urlsafe(24) for name in wanted() if name.endswith(("_password", "_secret"))}
    made["operator_password"] = secrets.token_urlsafe(9)
    made |= {f"{key}_key": secrets.token_urlsafe(32) for key in KEYS}
    return made | _signing_keys() | _sealing_keys()


def _signing_keys() -> dict[str, str]:
    from joserfc.jwk import OKPKey, RSAKey  # noqa: PLC0415  needed once in the life of a stack

    keys: dict[str, OKPKey | RSAKey] = {
        "identity_signing_key": OKPKey.generate_key("Ed25519"),
        "identity_id_token_key": RSAKey.generate_key(RSA_BITS),
    }
    return {name: json.dumps(key.as_dict(private=True)) for name, key in keys.items()}


def _sealing_keys() -> dict[str, str]:
    from shared.crypto.sealing import generate_private_key, public_key_of  # noqa: PLC0415  as above

    made: dict[str, str] = {}
    for service in SEALED_TO:
        private = generate_private_key()
        made |= {
            f"{service}_sealing_private_key": private,
            f"{service}_sealing_public_key": public_key_of(private),
        }
    return made
