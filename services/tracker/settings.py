"""What tracker reads from the environment."""

from pydantic import Field, SecretStr
from pydantic_settings import SettingsConfigDict

from shared.events.command_topics import DEFAULT, CommandTopics
from shared.events.topics import main_topics
from shared.kafka.settings import KafkaSettings
from shared.settings import DatabaseSettings, Key, Keys


class TrackerSettings(KafkaSettings, DatabaseSettings):
    """Settings of both processes, `TRACKER_…`; ARCHITECTURE.md says what each is for."""

    model_config = SettingsConfigDict(env_prefix="TRACKER_", extra="ignore", hide_input_in_errors=True, populate_by_name=True)

    public_url: str = Field(min_length=1)
    sealing_private_keys: SecretStr
    notifier_sealing_key: str = Field(min_length=1)
    record_keys: Keys
    data_key: Keys
    index_key: Key
    work_number_key: Key
    link_key: Key
    oidc_issuer: str = Field(min_length=1)
    oidc_backchannel_url: str | None = None
    oidc_client_id: str = "console"
    oidc_client_secret: SecretStr
    session_key: Keys
    intake_url: str | None = Field(default=None, pattern="^https?://")
    notifier_url: str | None = Field(default=None, pattern="^https?://")
    command_topics: CommandTopics = Field(default=DEFAULT, description="Each back office's own topic of commands, and the user who may write it")
    returned_mail_working_days: float = Field(default=2.0, ge=0, description="Within which somebody deals with a mail that came back")
    canary_seconds: float = Field(default=0, ge=0, le=3_600, description="A test request in each period of so many seconds; 0: none")
    canary_mailbox: str = Field(default="canary@asiointi.example", min_length=3)
    alarm_url: str | None = Field(default=None, pattern="^https?://")

    @property
    def main_topics(self) -> tuple[str, ...]:
        """The topics of events."""
        return tuple(topic.name for topic in main_topics(self.command_topics))
