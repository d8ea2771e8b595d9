"""What notifier reads from the environment (prefix `NOTIFIER_`)."""

from typing import Literal

from pydantic import Field, PositiveFloat, SecretStr, field_validator
from pydantic_settings import SettingsConfigDict

from services.notifier.ehlo_name import is_ehlo_name
from services.notifier.smtp_limits import TimedStep
from shared.kafka.settings import KafkaSettings
from shared.settings import DatabaseSettings, Key


class Settings(KafkaSettings, DatabaseSettings):
    """Database, keys, the mail server, and how long to try."""

    model_config = SettingsConfigDict(env_prefix="NOTIFIER_")

    sealing_private_keys: SecretStr
    link_key: Key
    sender: str = Field(validation_alias="NOTIFIER_FROM", pattern=r"^[!-;=?A-~]+@[!-;=?A-~]+$", description="The address that mails come from")
    return_path: str | None = Field(
        default=None,
        pattern=r"^[A-Za-z0-9._-]{1,37}@[A-Za-z0-9.-]+$",
        description="Where reports about mails come to: each mail goes out under it with `+token` before the @. None: under NOTIFIER_FROM alone",
    )
    keep_days: float = Field(default=30.0, ge=0, description="How long a mail that was sent can be sent again")
    site_url: str = Field(min_length=1)
    oidc_issuer: str = Field(min_length=1)
    oidc_backchannel_url: str | None = None

    smtp_host: str = Field(min_length=1)
    smtp_port: int = 25
    smtp_username: str | None = None
    smtp_password: SecretStr | None = None
    smtp_tls: Literal["none", "starttls", "tls"] = "none"
    smtp_connections: int = Field(default=8, ge=1)
    smtp_ehlo_name: str | None = Field(default=None, description="Our name in EHLO; without it this host's full name, or its address")
    smtp_timeout: float | None = Field(default=None, gt=0, description="Most seconds that any step of the mail server may take")
    smtp_limits: dict[TimedStep, PositiveFloat] = Field(default_factory=dict, description="Seconds that single steps may take, instead of RFC 5321's")
    inbound_host: str = "127.0.0.1"
    inbound_port: int | None = Field(default=None, ge=1, le=65535, description="Where reports about mails are taken in")
    inbound_protocol: Literal["smtp", "lmtp"] = "smtp"
    imap_host: str | None = Field(default=None, min_length=1, description="Where a mailbox is read for reports about mails")
    imap_port: int = Field(default=993, ge=1, le=65535)
    imap_tls: Literal["none", "starttls", "tls"] = "tls"
    imap_username: str = ""
    imap_password: SecretStr = SecretStr("")
    imap_folder: str = "INBOX"
    imap_seconds: float = Field(default=60.0, gt=0, description="How often the mailbox is looked into")
    retry_first_seconds: float = Field(default=20.0, gt=0, description="The first wait after a deferral; it doubles from there, up to an hour")
    retry_hours: float = Field(default=48.0, gt=0, description="How long a deferred mail is tried")

    @field_validator("smtp_ehlo_name")
    @classmethod
    def _is_full(cls, name: str | None) -> str | None:
        if name and not is_ehlo_name(name):
            raise ValueError("must be a fully qualified name, or an address literal such as [192.0.2.1]")
        return name or None
