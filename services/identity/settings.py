"""What identity reads from the environment (prefix `IDENTITY_`)."""

import json
from collections.abc import Mapping
from typing import Annotated, Any, Literal, cast

from joserfc.errors import JoseError
from joserfc.jwk import KeySet, KeySetSerialization, OKPKey
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr, ValidationInfo, field_validator, model_validator
from pydantic_settings import SettingsConfigDict

from services.identity.bank.directory import BankAgreement, choose_banks
from shared.demonstration import Demonstration, refuse_unless_allowed
from shared.settings import DatabaseSettings, Key, Keys
from shared.typed_text import visible

Grant = Literal["authorization_code", "client_credentials"]


def _signing_key(secret: SecretStr) -> SecretStr:
    try:
        key = OKPKey.import_key(json.loads(secret.get_secret_value()))
    except (JoseError, ValueError, KeyError, TypeError):
        key = None
    if key is None or key.get("crv") != "Ed25519" or not key.is_private:
        raise ValueError("is not a private JWK of an Ed25519 key")
    return secret


class Client(BaseModel):
    """One OpenID Connect client; it proves itself by a secret, or by a key of `jwks` (`private_key_jwt`)."""

    model_config = ConfigDict(frozen=True, hide_input_in_errors=True)

    client_id: str = Field(min_length=1)
    client_secret: SecretStr | None = None
    jwks: dict[str, Any] | None = None
    redirect_uris: tuple[str, ...] = ()
    grants: frozenset[Grant] = frozenset()
    scopes: frozenset[str] = frozenset()
    login: Literal["citizen", "staff"] = "citizen"
    demonstration: bool = False

    @model_validator(mode="before")
    @classmethod
    def _console_is_for_staff(cls, given: Any) -> Any:  # noqa: ANN401  whatever JSON holds
        if isinstance(given, dict) and given.get("client_id") == "console":
            return {"login": "staff", **given}
        return given

    @property
    def keys(self) -> KeySet:
        """The client's public keys, of `jwks`."""
        return KeySet.import_key_set(cast("KeySetSerialization", self.jwks or {"keys": []}))

    @model_validator(mode="after")
    def _can_prove_itself(self) -> "Client":
        if not (self.client_secret and self.client_secret.get_secret_value()) and not self.jwks:
            raise ValueError("has neither a client_secret nor jwks")
        if self.jwks is not None:
            try:
                _ = self.keys
            except (JoseError, KeyError, TypeError) as error:
                raise ValueError("has a jwks without a public key") from error
        if "authorization_code" in self.grants and not self.redirect_uris:
            raise ValueError("has no redirect_uris")
        return self


def plain_username(typed: str) -> str:
    """Give a staff name as it is kept and compared: what is visible of it, in small letters."""
    return visible(typed).lower()


class StaffAccount(BaseModel):
    """A member of staff; `username` is kept in lower case, without blanks around it."""

    model_config = ConfigDict(frozen=True, hide_input_in_errors=True)

    username: Annotated[str, AfterValidator(plain_username), Field(min_length=1)]
    password: SecretStr = Field(min_length=1)
    name: str = Field(min_length=1)
    roles: tuple[str, ...] = ()
    demonstration: bool = False


def _each_once(staff: tuple[StaffAccount, ...]) -> tuple[StaffAccount, ...]:
    if len({account.username for account in staff}) < len(staff):
        raise ValueError("names an account twice")
    return staff


class Settings(DatabaseSettings):
    """Everything that identity can be told; keys are 32 bytes as base64url."""

    model_config = SettingsConfigDict(env_prefix="IDENTITY_", extra="ignore", hide_input_in_errors=True)

    public_url: str = Field(pattern="^https?://")
    signing_key: Annotated[SecretStr, AfterValidator(_signing_key)]
    session_key: Keys
    subject_key: Key | None = None
    clients: tuple[Client, ...] = ()
    staff: Annotated[tuple[StaffAccount, ...], AfterValidator(_each_once)] = ()
    banks: Mapping[str, BankAgreement] = Field(default={})

    @field_validator("clients", "staff")
    @classmethod
    def _allowed(cls, given: tuple[Client, ...] | tuple[StaffAccount, ...], info: ValidationInfo) -> tuple[Client, ...] | tuple[StaffAccount, ...]:
        for one in given:
            if one.demonstration:
                kind, name = (Demonstration.CLIENTS, one.client_id) if isinstance(one, Client) else (Demonstration.STAFF, one.username)
                refuse_unless_allowed(kind, info.data.get("demonstration", ()), f"the account {name}")
        return given

    @field_validator("banks")
    @classmethod
    def _agreed(cls, given: Mapping[str, BankAgreement], info: ValidationInfo) -> Mapping[str, BankAgreement]:
        choose_banks(given, info.data.get("demonstration", ()))
        return given

    @property
    def issuer(self) -> str:
        """The public address without a slash at its end."""
        return self.public_url.rstrip("/")

    @property
    def secure(self) -> bool:
        """Whether browsers come by HTTPS, so that cookies may ask for it."""
        return self.public_url.startswith("https://")
