"""Settings that several services share (keys, the database, logging), and reading them at the start."""

import base64
import binascii
import re
import sys
from typing import Annotated, TypeVar

from pydantic import AfterValidator, Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict, SettingsError

from shared.database.address import read_database_address
from shared.database.connection import MAX_CONNECTIONS
from shared.demonstration import VARIABLE, Allowed

KEY_BYTES = 32


def decode_key(text: str) -> bytes:
    """Return the 32 bytes of a base64url text; a `ValueError` says what is wrong without showing the key."""
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
"""A secret of 32 bytes as base64url; `key_bytes(setting)` returns the bytes."""


def key_bytes(secret: SecretStr) -> bytes:
    """Return the 32 bytes of a `Key` setting."""
    return decode_key(secret.get_secret_value())


def _all_checked(secret: SecretStr) -> SecretStr:
    all_key_bytes(secret)
    return secret


Keys = Annotated[SecretStr, AfterValidator(_all_checked)]
"""One or more secrets of 32 bytes as base64url, comma separated, newest first; see `all_key_bytes`."""


def all_key_bytes(secret: SecretStr) -> list[bytes]:
    """Return the 32 bytes of each key of a `Keys` setting."""
    return [decode_key(text.strip()) for text in secret.get_secret_value().split(",")]


class OperationSettings(BaseSettings):
    """The settings of every process. Their variables have no prefix.

    The aliases keep a service's own prefix off.
    """

    model_config = SettingsConfigDict(extra="ignore", hide_input_in_errors=True, populate_by_name=True)

    log_level: str = Field(
        default="INFO", validation_alias="LOG_LEVEL", description="The least level that is logged"
    )
    liveness_file: str | None = Field(
        default=None,
        validation_alias="LIVENESS_FILE",
        description="A file that a worker touches while its loops make progress",
    )
    limits_times: float = Field(
        default=1,
        gt=0,
        validation_alias="LIMITS_TIMES",
        description="Multiplies every limit of what a stranger may do how often; for proof runs and tests",
    )
    security_contact: str | None = Field(
        default=None,
        pattern=r"^(mailto:|https://)\S+$",
        validation_alias="SECURITY_CONTACT",
        description=(
            "`mailto:` or `https:`, where weaknesses are reported: then intake, tracker and "
            "identity serve `/.well-known/security.txt`"
        ),
    )
    demonstration: Allowed = Field(
        default=frozenset(),
        validation_alias=VARIABLE,
        description=(
            "What may stand for the real thing, by name and with commas: `simulated-banks`, "
            "`published-bank-keys`, `demo-clients`, `demo-staff`. "
            "Nothing unless it is set: identity does not start with what is not named, and offers no "
            "simulated bank. With any of it every page says "
            "that it is a demonstration. `./run` and compose set all four"
        ),
    )


def _checked_address(secret: SecretStr) -> SecretStr:
    read_database_address(secret.get_secret_value())
    return secret


class DatabaseSettings(OperationSettings):
    """The address of the service's own database, and how many connections each process opens at most."""

    database_url: Annotated[SecretStr, AfterValidator(_checked_address)] = Field(
        description=(
            "As libpq writes it: "
            "`postgresql://role:password@host1:5432,host2:5432/database?sslmode=verify-full&sslrootcert=…`; "
            "also `postgres://`, "
            "`sslcert`, `sslkey`, `sslpassword`, `connect_timeout`, `application_name`, `options`, "
            "`target_session_attrs` (`read-write` unless given)"
        )
    )
    database_connections: int = Field(
        default=MAX_CONNECTIONS,
        ge=1,
        validation_alias="DATABASE_CONNECTIONS",
        description=(
            "The most connections that one process opens to its database; one that is busy is "
            "waited for for 3 s, then the answer is a 503"
        ),
    )


S = TypeVar("S", bound=BaseSettings)


def read_settings(kind: type[S]) -> S:
    """Read settings from the environment, or end the process with the names of missing or wrong variables."""
    try:
        return kind()
    except ValidationError as error:
        lines = [f"{_variable(kind, fault['loc'])}: {fault['msg']}" for fault in error.errors()]
        sys.exit("Settings are missing or wrong:\n  " + "\n  ".join(lines))
    except SettingsError as error:
        # Its message names the field only; its cause would show the value.
        named = re.search(r'field "(\w+)"', str(error))
        name = _variable(kind, (named[1],)) if named else "A variable"
        sys.exit(f"Settings are missing or wrong:\n  {name}: is not valid JSON")


def _variable(kind: type[BaseSettings], place: tuple[int | str, ...]) -> str:
    first, *rest = place or ("",)
    field = kind.model_fields.get(str(first))
    # A default that is wrong is reported under the field's name, a value under its alias.
    alias = field.validation_alias if field else None
    aliases = {field.validation_alias for field in kind.model_fields.values()}
    name = (
        alias
        if isinstance(alias, str)
        else f"{'' if first in aliases else kind.model_config.get('env_prefix', '')}{first}"
    )
    return "_".join(map(str, (name, *rest))).upper()
