"""What notifier reads from the environment about the mail server.

A wrong value ends the start with the variable's name.
"""

import pytest

from services.notifier.settings import Settings
from shared.settings import read_settings

REQUIRED = {
    "KAFKA_BOOTSTRAP_SERVERS": "kafka.example:9092",
    "NOTIFIER_DATABASE_URL": "postgresql://notifier@db.example/notifier",
    "NOTIFIER_SEALING_PRIVATE_KEYS": "x",
    "NOTIFIER_LINK_KEY": "a" * 42 + "A",
    "NOTIFIER_FROM": "asiointi@kunta.example",
    "NOTIFIER_SITE_URL": "https://asiointi.example",
    "NOTIFIER_OIDC_ISSUER": "https://issuer.example",
    "NOTIFIER_SMTP_HOST": "mail.example",
}


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Set what has to be set."""
    for name, value in REQUIRED.items():
        monkeypatch.setenv(name, value)


def test_single_steps_of_the_mail_server_can_have_limits_of_their_own(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("NOTIFIER_SMTP_LIMITS", '{"end": 60, "greeting": 1.5}')
    monkeypatch.setenv("NOTIFIER_SMTP_EHLO_NAME", "")
    settings = read_settings(Settings)
    assert settings.smtp_limits == {"end": 60.0, "greeting": 1.5}
    assert settings.smtp_ehlo_name is None


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("NOTIFIER_SMTP_LIMITS", "60"),
        ("NOTIFIER_SMTP_LIMITS", "{"),
        ("NOTIFIER_SMTP_LIMITS", '{"dot": 60}'),
        ("NOTIFIER_SMTP_LIMITS", '{"end": 0}'),
        ("NOTIFIER_SMTP_TIMEOUT", "0"),
        ("NOTIFIER_SMTP_EHLO_NAME", "localhost"),
    ],
)
def test_a_wrong_value_ends_the_start_with_the_variable_s_name(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(SystemExit, match=name):
        read_settings(Settings)


@pytest.mark.parametrize("kind", ["SMTP", "IMAP"])
@pytest.mark.parametrize(
    ("host", "tls", "password", "refused"),
    [
        ("mail.example", "none", "secret", True),
        ("192.0.2.1", "none", "secret", True),
        ("localhost.example", "none", "secret", True),
        ("mail.example", "starttls", "secret", False),
        ("mail.example", "none", "", False),
        ("localhost", "none", "secret", False),
        ("127.0.0.1", "none", "secret", False),
        ("::1", "none", "secret", False),
    ],
)
def test_no_password_goes_to_another_machine_in_clear(
    monkeypatch: pytest.MonkeyPatch, kind: str, host: str, tls: str, password: str, *, refused: bool
) -> None:
    for name, value in (("HOST", host), ("TLS", tls), ("PASSWORD", password)):
        monkeypatch.setenv(f"NOTIFIER_{kind}_{name}", value)
    if refused:
        with pytest.raises(SystemExit, match=f"NOTIFIER_{kind}_TLS"):
            read_settings(Settings)
    else:
        read_settings(Settings)
