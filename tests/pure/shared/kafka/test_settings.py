"""Kafka's settings.

What a protocol and a mechanism need is demanded, and what they would ignore is refused.
"""

from collections.abc import Mapping
from pathlib import Path

import pytest
from pydantic_settings import SettingsConfigDict

from shared.kafka.connection import KafkaConnection, OAuthClient
from shared.kafka.settings import KafkaSettings
from shared.settings import read_settings

SCRAM = {
    "KAFKA_BOOTSTRAP_SERVERS": "a:9092,b:9092",
    "KAFKA_SECURITY_PROTOCOL": "SASL_PLAINTEXT",
    "KAFKA_SASL_MECHANISM": "SCRAM-SHA-512",
    "KAFKA_SASL_USERNAME": "tracker",
    "KAFKA_SASL_PASSWORD": "not a secret",
}
TOKENS = {
    "KAFKA_BOOTSTRAP_SERVERS": "a:9092",
    "KAFKA_SECURITY_PROTOCOL": "SASL_SSL",
    "KAFKA_SASL_MECHANISM": "OAUTHBEARER",
    "KAFKA_SASL_OAUTH_TOKEN_URL": "https://idp.example/token",
    "KAFKA_SASL_OAUTH_CLIENT_ID": "tracker",
    "KAFKA_SASL_OAUTH_CLIENT_SECRET": "not a secret",
}


class Settings(KafkaSettings):
    """Settings of a service with a prefix of its own."""

    model_config = SettingsConfigDict(env_prefix="SOME_")


def read(monkeypatch: pytest.MonkeyPatch, environment: Mapping[str, str]) -> Settings:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    return read_settings(Settings)


def test_without_security_it_is_plaintext(monkeypatch: pytest.MonkeyPatch) -> None:
    connection = read(monkeypatch, {"KAFKA_BOOTSTRAP_SERVERS": "a:9092"}).kafka_connection
    assert connection == KafkaConnection("a:9092")
    assert connection.client_options() == {"bootstrap_servers": "a:9092", "security_protocol": "PLAINTEXT"}


def test_scram_comes_with_user_and_password(monkeypatch: pytest.MonkeyPatch) -> None:
    connection = read(monkeypatch, SCRAM).kafka_connection
    assert connection.client_options() == {
        "bootstrap_servers": "a:9092,b:9092",
        "security_protocol": "SASL_PLAINTEXT",
        "sasl_mechanism": "SCRAM-SHA-512",
        "sasl_plain_username": "tracker",
        "sasl_plain_password": "not a secret",
    }


def test_tokens_come_from_a_token_url(monkeypatch: pytest.MonkeyPatch) -> None:
    connection = read(monkeypatch, TOKENS | {"KAFKA_SASL_OAUTH_SCOPE": "kafka"}).kafka_connection
    assert connection.oauth == OAuthClient("https://idp.example/token", "tracker", "not a secret", "kafka")
    assert connection.client_options()["ssl_context"].check_hostname


def test_no_secret_is_in_what_is_printed(monkeypatch: pytest.MonkeyPatch) -> None:
    for environment in (SCRAM, TOKENS):
        with monkeypatch.context() as context:
            settings = read(context, environment)
        assert "not a secret" not in f"{settings!r} {settings.kafka_connection!r}"


@pytest.mark.parametrize(
    ("environment", "named"),
    [
        (SCRAM | {"KAFKA_SASL_PASSWORD": ""}, "KAFKA_SASL_PASSWORD"),
        (
            {name: SCRAM[name] for name in SCRAM if name != "KAFKA_SASL_PASSWORD"},
            "KAFKA_SASL_PASSWORD: Value error, is needed",
        ),
        (
            {name: SCRAM[name] for name in SCRAM if name != "KAFKA_SASL_USERNAME"},
            "KAFKA_SASL_USERNAME: Value error, is needed",
        ),
        (
            {name: SCRAM[name] for name in SCRAM if name != "KAFKA_SASL_MECHANISM"},
            "KAFKA_SASL_MECHANISM: Value error, is needed",
        ),
        (
            {name: TOKENS[name] for name in TOKENS if name != "KAFKA_SASL_OAUTH_TOKEN_URL"},
            "KAFKA_SASL_OAUTH_TOKEN_URL: Value error, is needed",
        ),
        (
            {name: TOKENS[name] for name in TOKENS if name != "KAFKA_SASL_OAUTH_CLIENT_ID"},
            "KAFKA_SASL_OAUTH_CLIENT_ID: Value error, is needed",
        ),
        (
            {name: TOKENS[name] for name in TOKENS if name != "KAFKA_SASL_OAUTH_CLIENT_SECRET"},
            "KAFKA_SASL_OAUTH_CLIENT_SECRET: Value error, is needed",
        ),
        (TOKENS | {"KAFKA_SASL_OAUTH_TOKEN_URL": "idp"}, "KAFKA_SASL_OAUTH_TOKEN_URL"),
        (TOKENS | {"KAFKA_SASL_PASSWORD": "p"}, "KAFKA_SASL_PASSWORD: Value error, is not used"),
        (SCRAM | {"KAFKA_SECURITY_PROTOCOL": "PLAINTEXT"}, "KAFKA_SASL_MECHANISM: Value error, is not used"),
        (SCRAM | {"KAFKA_SECURITY_PROTOCOL": "TLS"}, "KAFKA_SECURITY_PROTOCOL"),
        (SCRAM | {"KAFKA_SASL_MECHANISM": "GSSAPI"}, "KAFKA_SASL_MECHANISM"),
        (SCRAM | {"KAFKA_SSL_CA_FILE": __file__}, "KAFKA_SSL_CA_FILE"),
        (
            {
                "KAFKA_BOOTSTRAP_SERVERS": "a:1",
                "KAFKA_SECURITY_PROTOCOL": "SSL",
                "KAFKA_SSL_CA_FILE": "/nowhere",
            },
            "KAFKA_SSL_CA_FILE",
        ),
        (
            {
                "KAFKA_BOOTSTRAP_SERVERS": "a:1",
                "KAFKA_SECURITY_PROTOCOL": "SSL",
                "KAFKA_SSL_CA_FILE": __file__,
            },
            "KAFKA_SSL_CA_FILE",
        ),
        (
            {
                "KAFKA_BOOTSTRAP_SERVERS": "a:1",
                "KAFKA_SECURITY_PROTOCOL": "SSL",
                "KAFKA_SSL_CERTIFICATE_FILE": __file__,
            },
            "KAFKA_SSL_KEY_FILE: Value error, and KAFKA_SSL_CERTIFICATE_FILE go together",
        ),
        (
            {"KAFKA_BOOTSTRAP_SERVERS": "a:1", "KAFKA_SECURITY_PROTOCOL": "SSL"}
            | dict.fromkeys(("KAFKA_SSL_CERTIFICATE_FILE", "KAFKA_SSL_KEY_FILE"), __file__),
            "KAFKA_SSL_KEY_FILE: Value error, and KAFKA_SSL_CERTIFICATE_FILE are not a certificate",
        ),
        ({}, "KAFKA_BOOTSTRAP_SERVERS"),
    ],
)
def test_what_is_wrong_stops_the_boot_under_the_variables_name(
    monkeypatch: pytest.MonkeyPatch, environment: Mapping[str, str], named: str
) -> None:
    with pytest.raises(SystemExit) as ended:
        read(monkeypatch, environment)
    assert [line for line in str(ended.value).splitlines()[1:] if line.startswith("  " + named)], ended.value
    assert len(str(ended.value).splitlines()) == 2, ended.value


def test_every_client_of_aiokafka_is_made_from_the_connection(root: Path) -> None:
    for file in (
        *(root / "shared").rglob("*.py"),
        *(root / "services").rglob("*.py"),
        *(root / "deploy").rglob("*.py"),
    ):
        assert "bootstrap_servers=" not in file.read_text().replace(
            "bootstrap_servers=self.kafka_bootstrap_servers", ""
        ), file
