"""Settings that more than one service reads; each service derives its own class with its own prefix."""

import base64
import binascii
import sys
from typing import Annotated, TypeVar

from pydantic import AfterValidator, Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

KEY_BYTES = 32


def decode_key(text: str) -> bytes:
    """Give the 32 bytes behind a base64url text; `ValueError` says what is wrong without showing the key."""
    try:
        key = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except (binascii.Error, ValueError) as error:
        message = "is not base64url"
        raise ValueError(message) from error
    if len(key) != KEY_BYTES:
        message = f"holds {len(key)} bytes instead of {KEY_BYTES}"
        raise ValueError(message)
    return key


def _checked(secret: SecretStr) -> SecretStr:
    decode_key(secret.get_secret_value())
    return secret


Key = Annotated[SecretStr, AfterValidator(_checked)]
"""A secret of 32 bytes as base64url; `key_bytes(setting)` gives the bytes."""


def key_bytes(secret: SecretStr) -> bytes:
    """Give the 32 bytes of a `Key` setting."""
    return decode_key(secret.get_secret_value())


class OperationSettings(BaseSettings):
    """What every process reads, without a prefix."""

    model_config = SettingsConfigDict(extra="ignore", hide_input_in_errors=True)

    log_level: str = "INFO"
    liveness_file: str | None = None


class KafkaSettings(OperationSettings):
    """Where Kafka is."""

    kafka_bootstrap_servers: str = Field(min_length=1)


S = TypeVar("S", bound=BaseSettings)


def read_settings(kind: type[S]) -> S:
    """Read settings from the environment, or end the process naming each variable that is missing or wrong."""
    try:
        return kind()
    except ValidationError as error:
        prefix = kind.model_config.get("env_prefix", "")
        lines = [f"{prefix}{'_'.join(str(part) for part in fault['loc'])}".upper() + f": {fault['msg']}" for fault in error.errors()]
        sys.exit("Settings are missing or wrong:\n  " + "\n  ".join(lines))
