"""Settings of intake, from environment variables with the prefix `INTAKE_`."""

from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field, IPvAnyNetwork, SecretStr
from pydantic_settings import NoDecode, SettingsConfigDict

from shared.crypto.sealing import Sealer
from shared.kafka.settings import KafkaSettings
from shared.settings import DatabaseSettings, Key, Keys


def _sealing_key(text: str) -> str:
    Sealer(text)
    return text


def _split(networks: Any) -> Any:  # noqa: ANN401  any value of a settings source
    return (
        tuple(part.strip() for part in networks.split(",") if part.strip())
        if isinstance(networks, str)
        else networks
    )


SealingKey = Annotated[str, AfterValidator(_sealing_key)]


class Settings(KafkaSettings, DatabaseSettings):
    """The site, the submission API and their servers; secrets have no default."""

    model_config = SettingsConfigDict(env_prefix="INTAKE_", extra="ignore", hide_input_in_errors=True)

    public_url: str = Field(pattern="^https?://", description="Where browsers find the site")
    oidc_issuer: str = Field(
        pattern="^https?://", description="The OpenID Connect issuer that signs tokens and signs citizens in"
    )
    oidc_backchannel_url: str | None = Field(
        default=None,
        pattern="^https?://",
        description="Where the back channel finds the issuer, when that differs (containers)",
    )
    oidc_client_id: str = Field(default="intake", description="The site's client at the issuer")
    oidc_client_secret: SecretStr = Field(description="Its secret")
    strong_acr_values: str = Field(
        default="http://ftn.ficora.fi/2017/loa2 http://ftn.ficora.fi/2017/loa3",
        pattern=r"\S",
        description="Which `acr` of the provider are a strong identification, with spaces "
        "(those of the Finnish trust network)",
    )
    identified_within_seconds: int | None = Field(
        default=None,
        ge=0,
        description="How long ago a citizen may have signed in at the provider (`max_age`); unset: not asked",
    )
    session_key: Keys = Field(description="Encrypts the session cookie")
    idempotency_key: Key = Field(description="Derives request ids and body digests")
    record_keys: Keys = Field(description="The same in tracker: intake's MAC over each submission")
    tracker_url: str = Field(pattern="^https?://", description="Tracker's address on the back channel")
    tracker_sealing_key: SealingKey = Field(description="Public key that forms are sealed to")
    notifier_sealing_key: SealingKey = Field(description="Public key that contacts are sealed to")

    chat_url: str | None = Field(
        default=None,
        pattern="^https?://",
        description="Where the chat is; pages speak of it only when it is set",
    )
    kafka_deadline_seconds: float = Field(
        default=2.0, gt=0, description="How long a submission waits for the broker's ack before it is spooled"
    )
    portals: Annotated[tuple[IPvAnyNetwork, ...], NoDecode, BeforeValidator(_split)] = Field(
        default=(),
        description="Addresses or networks, with commas between them, of portals that send many people's "
        "requests: not limited by caller",
    )
    status_attempts_per_minute: int = Field(
        default=10, ge=1, description="Look-ups of a request's status, per client address"
    )
