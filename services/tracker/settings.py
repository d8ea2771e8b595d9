"""What tracker reads from the environment."""

from pydantic import Field, SecretStr
from pydantic_settings import SettingsConfigDict

from shared.events.command_topics import DEFAULT, CommandTopics
from shared.events.topics import main_topics
from shared.kafka.worker import WorkerSettings
from shared.settings import Key, Keys


class Settings(WorkerSettings):
    """Settings of both processes, `TRACKER_…`."""

    model_config = SettingsConfigDict(
        env_prefix="TRACKER_", extra="ignore", hide_input_in_errors=True, populate_by_name=True
    )

    public_url: str = Field(min_length=1, description="Where browsers find the console")
    sealing_private_keys: SecretStr = Field(
        description="Private keys, comma separated, newest first: open forms and the texts of commands"
    )
    notifier_sealing_key: str = Field(
        min_length=1, description="Public key that messages and corrected addresses are sealed to"
    )
    record_keys: Keys = Field(description="The same in intake: intake's MAC over each submission")
    data_key: Keys = Field(description="Encrypts henkilötunnus, answers, and texts to citizens at rest")
    index_key: Key = Field(description="Blind indexes; it cannot be changed")
    work_number_key: Key = Field(description="Permutes the work numbers; it cannot be changed")
    link_key: Key = Field(description="The same in notifier: signs the follow-up link in mails")
    oidc_issuer: str = Field(
        min_length=1, description="The OpenID Connect issuer that signs tokens and signs operators in"
    )
    oidc_backchannel_url: str | None = Field(
        default=None, description="Where the back channel finds the issuer, when that differs (containers)"
    )
    oidc_client_id: str = Field(default="console", description="The console's client at the issuer")
    oidc_client_secret: SecretStr = Field(description="Its secret")
    session_key: Keys = Field(description="Encrypts the session cookie")
    intake_url: str | None = Field(
        default=None,
        pattern="^https?://",
        description="Intake's address on the back channel, asked for its spool, which the ledger shows",
    )
    notifier_url: str | None = Field(
        default=None,
        pattern="^https?://",
        description=(
            "Notifier's address on the back channel, asked to try failed mails again; "
            "without it the console has no button for that"
        ),
    )
    command_topics: CommandTopics = Field(
        default=DEFAULT,
        description=(
            "Each back office's own topic of commands and the Kafka user who may write it: "
            "`topic=principal, …` or a JSON object. "
            "`deploy.prepare` reads it too"
        ),
    )
    returned_mail_working_days: float = Field(
        default=2.0,
        ge=0,
        description="Within which somebody deals with a mail that came back; after that it is an alarm",
    )
    canary_seconds: float = Field(
        default=0,
        ge=0,
        le=3_600,
        description="How often a test request is sent to `TRACKER_INTAKE_URL`; 0: never. `./run` sets 60",
    )
    canary_mailbox: str = Field(
        default="canary@asiointi.example",
        min_length=3,
        description="Whom its mail is for: an address that a mail server really takes",
    )
    alarm_url: str | None = Field(
        default=None,
        pattern="^https?://",
        description=(
            'Where alarms are POSTed (`{"text", "alarms": […]}`, '
            "which chat systems and alert receivers take); "
            "unset: they are shown in the console, "
            "the API and the metrics"
        ),
    )

    @property
    def main_topics(self) -> tuple[str, ...]:
        """The topics of events."""
        return tuple(topic.name for topic in main_topics(self.command_topics))
