"""The settings of identity, read from the environment (prefix `IDENTITY_`), and their checks."""

import json
from collections.abc import Mapping
from typing import Annotated, Any, Literal, cast

from joserfc.errors import JoseError
from joserfc.jwk import KeySet, KeySetSerialization, OKPKey, RSAKey
from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    SecretStr,
    ValidationInfo,
    field_validator,
    model_validator,
)
from pydantic_settings import SettingsConfigDict

from services.identity.banks import BankAgreement, choose_banks
from shared.demonstration import Demonstration, refuse_unless_allowed
from shared.settings import DatabaseSettings, Key, Keys
from shared.text.typed_text import visible

Grant = Literal["authorization_code", "client_credentials"]
MIN_RSA_BITS = 2_048


def _signing_key(secret: SecretStr) -> SecretStr:
    try:
        key = OKPKey.import_key(json.loads(secret.get_secret_value()))
    except (JoseError, ValueError, KeyError, TypeError):
        key = None
    if key is None or key.get("crv") != "Ed25519" or not key.is_private:
        raise ValueError("is not a private JWK of an Ed25519 key")
    return secret


def _id_token_key(secret: SecretStr | None) -> SecretStr | None:
    if secret is None:
        return None
    try:
        key = RSAKey.import_key(json.loads(secret.get_secret_value()))
    except (JoseError, ValueError, KeyError, TypeError):
        key = None
    if key is None or not key.is_private or key.public_key.key_size < MIN_RSA_BITS:
        raise ValueError(f"is not a private JWK of an RSA key of at least {MIN_RSA_BITS} bits")
    return secret


class Client(BaseModel):
    """One OpenID Connect client, authenticated by a secret or by a key of `jwks` (`private_key_jwt`)."""

    model_config = ConfigDict(frozen=True, hide_input_in_errors=True)

    client_id: str = Field(min_length=1)
    client_secret: SecretStr | None = None
    jwks: dict[str, Any] | None = None
    redirect_uris: tuple[str, ...] = ()
    grants: frozenset[Grant] = frozenset()
    scopes: frozenset[str] = frozenset()
    login: Literal["citizen", "staff"] = "citizen"
    id_token_signed_response_alg: Literal["RS256", "Ed25519"] = "RS256"  # noqa: S105  the name of an algorithm
    demonstration: bool = False

    @model_validator(mode="before")
    @classmethod
    def _console_is_for_staff(cls, given: Any) -> Any:  # noqa: ANN401  any JSON value
        if isinstance(given, dict) and given.get("client_id") == "console":
            return {"login": "staff", **given}
        return given

    @property
    def keys(self) -> KeySet:
        """The client's public keys, parsed from `jwks`."""
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
    """Return a staff name as it is stored and compared: its visible characters, in lower case."""
    return visible(typed).lower()


class StaffAccount(BaseModel):
    """A staff account; `username` is stored in lower case, without surrounding blanks."""

    model_config = ConfigDict(frozen=True, hide_input_in_errors=True)

    username: Annotated[str, AfterValidator(plain_username), Field(min_length=1)]
    password: SecretStr = Field(min_length=1)
    name: str = Field(min_length=1)
    roles: tuple[str, ...] = ()
    demonstration: bool = False


def _without_repeats(staff: tuple[StaffAccount, ...]) -> tuple[StaffAccount, ...]:
    if len({account.username for account in staff}) < len(staff):
        raise ValueError("names an account twice")
    return staff


class Settings(DatabaseSettings):
    """All settings of identity; symmetric keys are 32 bytes as base64url."""

    model_config = SettingsConfigDict(env_prefix="IDENTITY_", extra="ignore", hide_input_in_errors=True)

    public_url: str = Field(
        pattern="^https?://", description="Where browsers find the service; it is the issuer"
    )
    signing_key: Annotated[SecretStr, AfterValidator(_signing_key)] = Field(
        description="Private JWK (JSON), Ed25519: signs tokens"
    )
    id_token_key: Annotated[SecretStr | None, AfterValidator(_id_token_key)] = Field(
        default=None,
        description=(
            "Private JWK (JSON), RSA of 2,048 bits or more: ID tokens are then signed by RS256, which every "
            "library of OpenID Connect reads, except for clients with "
            '`"id_token_signed_response_alg": "Ed25519"`'
        ),
    )
    session_key: Keys = Field(description="Signs the browser cookie, encrypts claims until they are fetched")
    subject_key: Key | None = Field(
        default=None,
        description=(
            "Makes a citizen's pseudonymous `sub`; when absent it is derived from the oldest session key, "
            "which then must stay the last of the list"
        ),
    )
    clients: tuple[Client, ...] = Field(
        default=(),
        description=(
            "List of `{client_id, client_secret, redirect_uris, grants, scopes}`; `jwks` instead of a secret "
            "for `private_key_jwt`; `login` is `citizen`, or `staff` (default for `console`); "
            "`demonstration` marks one that was made for trying"
        ),
    )
    staff: Annotated[tuple[StaffAccount, ...], AfterValidator(_without_repeats)] = Field(
        default=(),
        description=(
            "List of `{username, password, name, roles, demonstration}`: these are all accounts. At start "
            "each is added or changed, and one that is no longer named is removed"
        ),
    )
    banks: Mapping[str, BankAgreement] = Field(
        default={},
        description=(
            "`{bank: {keys: {KEYVERS: key}, service_provider, url}}`: what was agreed on with each bank of "
            "`banks.yaml`; a bank without `url` is simulated"
        ),
    )

    @field_validator("clients", "staff")
    @classmethod
    def _allowed(
        cls, given: tuple[Client, ...] | tuple[StaffAccount, ...], info: ValidationInfo
    ) -> tuple[Client, ...] | tuple[StaffAccount, ...]:
        for one in given:
            if one.demonstration:
                kind, name = (
                    (Demonstration.CLIENTS, one.client_id)
                    if isinstance(one, Client)
                    else (Demonstration.STAFF, one.username)
                )
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
    def form_targets(self) -> list[str]:
        """Addresses that forms of our pages may lead to: the clients' own, and real banks'."""
        clients = [uri for client in self.clients for uri in client.redirect_uris]
        return clients + [bank.url for bank in self.banks.values() if bank.url]

    @property
    def secure(self) -> bool:
        """Whether browsers come by HTTPS, so that cookies may ask for it."""
        return self.public_url.startswith("https://")
