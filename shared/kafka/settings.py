"""The settings of every process that connects to Kafka; their variables have no prefix."""

from collections.abc import Callable
from pathlib import Path
from typing import Annotated, TypeAlias

from pydantic import AfterValidator, Field, FilePath, HttpUrl, SecretStr, ValidationInfo, field_validator

from shared.kafka.connection import (
    KafkaConnection,
    OAuthClient,
    SaslMechanism,
    SecurityProtocol,
    client_context,
)
from shared.settings import OperationSettings

PROTOCOL, MECHANISM = "kafka_security_protocol", "kafka_sasl_mechanism"
BY_PASSWORD = ("kafka_sasl_username", "kafka_sasl_password")
BY_TOKEN = ("kafka_sasl_oauth_token_url", "kafka_sasl_oauth_client_id", "kafka_sasl_oauth_client_secret")
OF_TLS = ("kafka_ssl_ca_file", "kafka_ssl_certificate_file", "kafka_ssl_key_file")


def _authorities(file: Path) -> Path:
    try:
        client_context(str(file))
    except OSError as error:
        raise ValueError("holds no certificates in PEM") from error
    return file


AuthoritiesFile: TypeAlias = Annotated[FilePath, AfterValidator(_authorities)]


class KafkaSettings(OperationSettings):
    """The Kafka cluster and the credentials for it.

    What the protocol and the mechanism need must be set, and nothing that they would ignore.
    """

    kafka_bootstrap_servers: str = Field(
        min_length=1,
        validation_alias="KAFKA_BOOTSTRAP_SERVERS",
        description="The brokers to begin with, `host:port` with commas between them",
    )
    kafka_security_protocol: SecurityProtocol = Field(
        default="PLAINTEXT",
        validation_alias="KAFKA_SECURITY_PROTOCOL",
        description=(
            "How to connect; a setting below that the protocol or mechanism would ignore stops the boot too"
        ),
    )
    kafka_sasl_mechanism: SaslMechanism | None = Field(
        default=None,
        validation_alias="KAFKA_SASL_MECHANISM",
        validate_default=True,
        description="By user and password, or `OAUTHBEARER`; needed with `SASL_…`, as its settings are",
    )
    kafka_sasl_username: str | None = Field(
        default=None,
        validation_alias="KAFKA_SASL_USERNAME",
        min_length=1,
        validate_default=True,
        description="The user of `SCRAM-…` and `PLAIN`",
    )
    kafka_sasl_password: SecretStr | None = Field(
        default=None,
        validation_alias="KAFKA_SASL_PASSWORD",
        min_length=1,
        validate_default=True,
        description="Its password",
    )
    kafka_sasl_oauth_token_url: HttpUrl | None = Field(
        default=None,
        validation_alias="KAFKA_SASL_OAUTH_TOKEN_URL",
        validate_default=True,
        description=(
            "Where `OAUTHBEARER` gets its tokens (client credentials), kept until shortly before they expire"
        ),
    )
    kafka_sasl_oauth_client_id: str | None = Field(
        default=None,
        validation_alias="KAFKA_SASL_OAUTH_CLIENT_ID",
        min_length=1,
        validate_default=True,
        description="The client at that address",
    )
    kafka_sasl_oauth_client_secret: SecretStr | None = Field(
        default=None,
        validation_alias="KAFKA_SASL_OAUTH_CLIENT_SECRET",
        min_length=1,
        validate_default=True,
        description="Its secret",
    )
    kafka_sasl_oauth_scope: str | None = Field(
        default=None,
        validation_alias="KAFKA_SASL_OAUTH_SCOPE",
        description="The scope that is asked for there",
    )
    kafka_ssl_ca_file: AuthoritiesFile | None = Field(
        default=None,
        validation_alias="KAFKA_SSL_CA_FILE",
        description=(
            "PEM file of the authorities to trust; without it the system's. Host names are always checked"
        ),
    )
    kafka_ssl_certificate_file: FilePath | None = Field(
        default=None,
        validation_alias="KAFKA_SSL_CERTIFICATE_FILE",
        description="PEM file of a client certificate",
    )
    kafka_ssl_key_file: FilePath | None = Field(
        default=None,
        validation_alias="KAFKA_SSL_KEY_FILE",
        validate_default=True,
        description="PEM file of its unencrypted key",
    )

    @field_validator(MECHANISM)
    @classmethod
    def _mechanism_of_sasl(cls, value: object, info: ValidationInfo) -> object:
        protocol = info.data.get(PROTOCOL)
        return (
            value
            if protocol is None
            else _needed_exactly(value, protocol.startswith("SASL"), f"KAFKA_SECURITY_PROTOCOL={protocol}")
        )

    @field_validator(*BY_PASSWORD)
    @classmethod
    def _by_password(cls, value: object, info: ValidationInfo) -> object:
        return _of_mechanism(value, info, needed=lambda mechanism: mechanism not in {None, "OAUTHBEARER"})

    @field_validator(*BY_TOKEN)
    @classmethod
    def _by_token(cls, value: object, info: ValidationInfo) -> object:
        return _of_mechanism(value, info, needed=lambda mechanism: mechanism == "OAUTHBEARER")

    @field_validator(*OF_TLS)
    @classmethod
    def _of_tls(cls, value: object, info: ValidationInfo) -> object:
        protocol = info.data.get(PROTOCOL)
        if value is not None and protocol is not None and not protocol.endswith("SSL"):
            raise ValueError(f"is not used with KAFKA_SECURITY_PROTOCOL={protocol}")
        return value

    @field_validator("kafka_ssl_key_file")
    @classmethod
    def _key_of_the_certificate(cls, value: Path | None, info: ValidationInfo) -> Path | None:
        certificate = info.data.get("kafka_ssl_certificate_file")
        if bool(value) != bool(certificate):
            raise ValueError("and KAFKA_SSL_CERTIFICATE_FILE go together")
        try:
            client_context(None, _text(certificate), _text(value))
        except OSError as error:
            raise ValueError(
                "and KAFKA_SSL_CERTIFICATE_FILE are not a certificate with its unencrypted key in PEM"
            ) from error
        return value

    @property
    def kafka_connection(self) -> KafkaConnection:
        """Return the connection that every client is made from."""
        oauth = None
        if (
            self.kafka_sasl_oauth_token_url
            and self.kafka_sasl_oauth_client_id
            and self.kafka_sasl_oauth_client_secret
        ):
            secret = self.kafka_sasl_oauth_client_secret.get_secret_value()
            oauth = OAuthClient(
                str(self.kafka_sasl_oauth_token_url),
                self.kafka_sasl_oauth_client_id,
                secret,
                self.kafka_sasl_oauth_scope,
            )
        return KafkaConnection(
            bootstrap_servers=self.kafka_bootstrap_servers,
            security_protocol=self.kafka_security_protocol,
            sasl_mechanism=self.kafka_sasl_mechanism,
            username=self.kafka_sasl_username,
            password=self.kafka_sasl_password.get_secret_value() if self.kafka_sasl_password else None,
            oauth=oauth,
            ca_file=_text(self.kafka_ssl_ca_file),
            certificate_file=_text(self.kafka_ssl_certificate_file),
            key_file=_text(self.kafka_ssl_key_file),
        )


def environment_of(connection: KafkaConnection) -> dict[str, str]:
    """Return the environment variables from which `KafkaSettings` reads a connection."""
    oauth = connection.oauth
    values = {
        "BOOTSTRAP_SERVERS": connection.bootstrap_servers,
        "SECURITY_PROTOCOL": connection.security_protocol,
        "SASL_MECHANISM": connection.sasl_mechanism,
        "SASL_USERNAME": connection.username,
        "SASL_PASSWORD": connection.password,
        "SASL_OAUTH_TOKEN_URL": oauth and oauth.token_url,
        "SASL_OAUTH_CLIENT_ID": oauth and oauth.client_id,
        "SASL_OAUTH_CLIENT_SECRET": oauth and oauth.client_secret,
        "SASL_OAUTH_SCOPE": oauth and oauth.scope,
        "SSL_CA_FILE": connection.ca_file,
        "SSL_CERTIFICATE_FILE": connection.certificate_file,
        "SSL_KEY_FILE": connection.key_file,
    }
    return {f"KAFKA_{name}": value for name, value in values.items() if value}


def _of_mechanism(value: object, info: ValidationInfo, needed: Callable[[str | None], bool]) -> object:
    if MECHANISM not in info.data:
        # The mechanism itself is wrong, and reported alone.
        return value
    mechanism = info.data[MECHANISM]
    return _needed_exactly(value, needed(mechanism), f"KAFKA_SASL_MECHANISM={mechanism}")


def _text(file: Path | None) -> str | None:
    return None if file is None else str(file.absolute())


def _needed_exactly(value: object, needed: bool, by: str) -> object:  # noqa: FBT001  a rule's condition
    if needed and value is None:
        raise ValueError(f"is needed with {by}")
    if value is not None and not needed:
        raise ValueError(f"is not used with {by}")
    return value
