"""What notifier reads from the environment (prefix `NOTIFIER_`)."""

from ipaddress import ip_address
from typing import Literal

from pydantic import Field, PositiveFloat, SecretStr, ValidationInfo, field_validator
from pydantic_settings import SettingsConfigDict

from services.notifier.mail.ehlo_name import is_ehlo_name
from services.notifier.mail.smtp_limits import TimedStep
from shared.kafka.worker import WorkerSettings
from shared.settings import Key


class Settings(WorkerSettings):
    """Database, keys, the mail server, and how long to try."""

    model_config = SettingsConfigDict(env_prefix="NOTIFIER_")

    sealing_private_keys: SecretStr = Field(
        description="Private keys, comma separated, newest first: open contacts and messages"
    )
    link_key: Key = Field(description="The same in tracker: signs the follow-up link in mails")
    sender: str = Field(
        validation_alias="NOTIFIER_FROM",
        pattern=r"^[!-;=?A-~]+@[!-;=?A-~]+$",
        description="The address that mails come from",
    )
    return_path: str | None = Field(
        default=None,
        pattern=r"^[A-Za-z0-9._-]{1,37}@[A-Za-z0-9.-]+$",
        description=(
            "An address such as `bounces@kunta.example`: each mail goes out under "
            "`bounces+<token>@kunta.example`, and reports about it come there. "
            "Unset: under `NOTIFIER_FROM` alone, for mail servers that take no other sender"
        ),
    )
    keep_days: float = Field(
        default=30.0,
        ge=0,
        description="How long the contents of a sent mail are kept, encrypted, so that it can be sent again",
    )
    site_url: str = Field(min_length=1, description="Where links in mails lead")
    oidc_issuer: str = Field(min_length=1, description="The OpenID Connect issuer that signs tokens")
    oidc_backchannel_url: str | None = Field(
        default=None, description="Where the back channel finds the issuer, when that differs (containers)"
    )

    smtp_host: str = Field(min_length=1, description="The mail server")
    smtp_port: int = Field(default=25, description="Its port")
    smtp_username: str | None = Field(default=None, description="Our user there")
    smtp_password: SecretStr | None = Field(default=None, description="Its password")
    smtp_tls: Literal["none", "starttls", "tls"] = Field(
        default="none",
        validate_default=True,
        description="Not `none` where a password goes to another machine",
    )
    smtp_connections: int = Field(
        default=8,
        ge=1,
        description=(
            "How many mails are sent at once; those that the server has kept waiting for 10 s do not count, "
            "up to as many again"
        ),
    )
    smtp_ehlo_name: str | None = Field(
        default=None,
        description=(
            "Our name in EHLO, a full name or an address literal; without it the host's full name, "
            "or the address that the connection comes from"
        ),
    )
    smtp_timeout: float | None = Field(
        default=None, gt=0, description="A bound in seconds for every step of the mail server"
    )
    smtp_limits: dict[TimedStep, PositiveFloat] = Field(
        default_factory=dict,
        description=(
            'Such as `{"end": 60}`: seconds that single steps may take, '
            "instead of those in `services/notifier/mail/smtp_limits.py` "
            "(RFC 5321's minimum times, ten minutes after the final dot)"
        ),
    )
    inbound_host: str = Field(
        default="127.0.0.1", description="Where `notifier-bounces` takes reports about mails in"
    )
    inbound_port: int | None = Field(
        default=None, ge=1, le=65535, description="Its port; without one it does not listen"
    )
    inbound_protocol: Literal["smtp", "lmtp"] = Field(default="smtp", description="What it speaks")
    imap_host: str | None = Field(
        default=None,
        min_length=1,
        description=(
            "A mailbox that reports come to; certificates are checked by the system's authorities "
            "or `SSL_CERT_FILE`"
        ),
    )
    imap_port: int = Field(default=993, ge=1, le=65535, description="Its port")
    imap_username: str = Field(default="", description="Our user there")
    imap_password: SecretStr = Field(default=SecretStr(""), description="Its password")
    imap_tls: Literal["none", "starttls", "tls"] = Field(
        default="tls", description="Not `none` where a password goes to another machine"
    )
    imap_folder: str = Field(default="INBOX", description="The folder that is read")
    imap_seconds: float = Field(default=60.0, gt=0, description="How often it is read")
    retry_first_seconds: float = Field(
        default=20.0,
        gt=0,
        description="The first wait after a deferral; it doubles from there, up to an hour",
    )
    retry_hours: float = Field(default=48.0, gt=0, description="How long a deferred mail is tried")

    @field_validator("smtp_tls", "imap_tls")
    @classmethod
    def _keeps_the_password(cls, tls: str, info: ValidationInfo) -> str:
        kind = str(info.field_name).removesuffix("_tls")
        password, host = info.data.get(f"{kind}_password"), info.data.get(f"{kind}_host")
        if tls == "none" and host and not _is_this_machine(host) and password and password.get_secret_value():
            raise ValueError(
                "may not be none where a password is sent to another machine: it would go in clear"
            )
        return tls

    @field_validator("smtp_ehlo_name")
    @classmethod
    def _is_full(cls, name: str | None) -> str | None:
        if name and not is_ehlo_name(name):
            raise ValueError("must be a fully qualified name, or an address literal such as [192.0.2.1]")
        return name or None


def _is_this_machine(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
