"""What intake reads from the environment, prefix `INTAKE_`."""

from typing import Annotated

from pydantic import AfterValidator, Field, SecretStr
from pydantic_settings import SettingsConfigDict

from shared.crypto.sealing import Sealer
from shared.kafka.settings import KafkaSettings
from shared.settings import DatabaseSettings, Key, Keys


def _sealing_key(text: str) -> str:
    Sealer(text)
    return text


SealingKey = Annotated[str, AfterValidator(_sealing_key)]


class Settings(KafkaSettings, DatabaseSettings):
    """See ARCHITECTURE.md for each; secrets have no default."""

    model_config = SettingsConfigDict(env_prefix="INTAKE_", extra="ignore", hide_input_in_errors=True)

    public_url: str = Field(pattern="^https?://")
    oidc_issuer: str = Field(pattern="^https?://")
    oidc_backchannel_url: str | None = Field(default=None, pattern="^https?://")
    oidc_client_id: str = "intake"
    oidc_client_secret: SecretStr
    session_key: Keys
    idempotency_key: Key
    record_keys: Keys
    tracker_url: str = Field(pattern="^https?://")
    tracker_sealing_key: SealingKey
    notifier_sealing_key: SealingKey

    chat_url: str | None = Field(default=None, pattern="^https?://", description="Where the chat is; pages speak of it only when it is set")
    kafka_deadline_seconds: float = Field(default=2.0, gt=0, description="How long a submission waits for the broker's ack before it is spooled")
    status_attempts_per_minute: int = Field(default=10, ge=1, description="Attempts to look at a request's status, per client address")
