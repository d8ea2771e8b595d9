"""The address and credentials of a Kafka cluster; every aiokafka client is made from a `KafkaConnection`."""

import ssl
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

SecurityProtocol: TypeAlias = Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"]
SaslMechanism: TypeAlias = Literal["SCRAM-SHA-512", "SCRAM-SHA-256", "PLAIN", "OAUTHBEARER"]


@dataclass(frozen=True, slots=True)
class OAuthClient:
    """A client of a token endpoint that grants access tokens by client credentials (RFC 6749, 4.4)."""

    token_url: str
    client_id: str
    client_secret: str = field(repr=False)
    scope: str | None = None


@dataclass(frozen=True, slots=True)
class KafkaConnection:
    """Bootstrap servers (`host:port`, comma separated) and the security settings of every connection.

    SCRAM and PLAIN need `username` and `password`, OAUTHBEARER needs `oauth`. Without `ca_file` the system's
    certificate authorities are trusted. Host names are always verified.
    """

    bootstrap_servers: str
    security_protocol: SecurityProtocol = "PLAINTEXT"
    sasl_mechanism: SaslMechanism | None = None
    username: str | None = None
    password: str | None = field(default=None, repr=False)
    oauth: OAuthClient | None = None
    ca_file: str | None = None
    certificate_file: str | None = None
    key_file: str | None = None

    def client_options(self) -> dict[str, Any]:
        """Return the arguments that every aiokafka client takes for this connection."""
        options: dict[str, Any] = {
            "bootstrap_servers": self.bootstrap_servers,
            "security_protocol": self.security_protocol,
        }
        if self.security_protocol.endswith("SSL"):
            options["ssl_context"] = client_context(self.ca_file, self.certificate_file, self.key_file)
        if self.security_protocol.startswith("SASL"):
            options["sasl_mechanism"] = self.sasl_mechanism
            if self.oauth:
                # Imported late: few installations use tokens, and an HTTP client costs memory.
                from shared.kafka.oauth_token import OAuthToken  # noqa: PLC0415

                options["sasl_oauth_token_provider"] = OAuthToken(self.oauth)
            else:
                options |= {"sasl_plain_username": self.username, "sasl_plain_password": self.password}
        return options


def client_context(
    ca_file: str | None, certificate_file: str | None = None, key_file: str | None = None
) -> ssl.SSLContext:
    """Return the TLS context of a client that verifies host names; raises `OSError` for an unusable file."""
    context = ssl.create_default_context(cafile=ca_file)
    if certificate_file:
        # Without a password OpenSSL would ask the terminal for that of an encrypted key.
        context.load_cert_chain(certificate_file, key_file, password="")
    return context
