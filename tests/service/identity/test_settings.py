"""Identity's settings as the environment gives them; a wrong one ends the boot by its name, and never by its value."""

import base64
import json

import pytest
from joserfc.jwk import ECKey, OKPKey

from services.identity.settings import Settings
from shared.settings import read_settings

KEY = base64.urlsafe_b64encode(bytes(range(32))).decode()
CLIENTS = [
    {"client_id": "intake", "client_secret": "hush-hush", "redirect_uris": ["https://a.fi/cb"], "grants": ["authorization_code"], "scopes": []},
    {"client_id": "console", "client_secret": "hush-hush", "redirect_uris": ["https://b.fi/cb"], "grants": ["authorization_code"], "scopes": []},
]
GOOD = {
    "IDENTITY_DATABASE_URL": "postgresql://a:b@c/d",
    "IDENTITY_PUBLIC_URL": "https://id.example/",
    "IDENTITY_SIGNING_KEY": json.dumps(OKPKey.generate_key("Ed25519").as_dict(private=True)),
    "IDENTITY_SESSION_KEY": KEY,
    "IDENTITY_CLIENTS": json.dumps(CLIENTS),
    "IDENTITY_STAFF": json.dumps([{"username": "olli", "password": "hush-hush", "name": "Olli", "roles": ["operator"]}]),
}


def read(monkeypatch: pytest.MonkeyPatch, **changed: str | None) -> Settings:
    for name, value in {**GOOD, **changed}.items():
        monkeypatch.delenv(name, raising=False) if value is None else monkeypatch.setenv(name, value)
    return read_settings(Settings)


def test_everything_is_read_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = read(monkeypatch)
    assert settings.issuer == "https://id.example"
    assert [client.login for client in settings.clients] == ["citizen", "staff"]
    assert settings.staff[0].roles == ("operator",)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("IDENTITY_SESSION_KEY", None),
        ("IDENTITY_SESSION_KEY", KEY[:20]),
        ("IDENTITY_SIGNING_KEY", None),
        ("IDENTITY_SIGNING_KEY", "hush-hush"),
        ("IDENTITY_SIGNING_KEY", json.dumps(OKPKey.generate_key("Ed25519").as_dict(private=False))),
        ("IDENTITY_SIGNING_KEY", json.dumps(ECKey.generate_key("P-256").as_dict(private=True))),
        ("IDENTITY_DATABASE_URL", None),
        ("IDENTITY_PUBLIC_URL", "id.example"),
        ("IDENTITY_CLIENTS", json.dumps([{**CLIENTS[0], "client_secret": ""}])),
        ("IDENTITY_CLIENTS", json.dumps([{**CLIENTS[0], "client_secret": None, "jwks": {"keys": [{"kty": "hush-hush"}]}}])),
        ("IDENTITY_CLIENTS", json.dumps([{**CLIENTS[0], "redirect_uris": []}])),
        ("IDENTITY_CLIENTS", json.dumps([{**CLIENTS[0], "grants": ["password"]}])),
        ("IDENTITY_STAFF", json.dumps([{"username": "olli", "password": "", "name": "Olli"}])),
        ("IDENTITY_STAFF", json.dumps([{"username": name, "password": "hush-hush", "name": "Olli"} for name in ("olli", " OLLI")])),
    ],
)
def test_a_wrong_setting_ends_the_boot_by_its_name(monkeypatch: pytest.MonkeyPatch, name: str, value: str | None) -> None:
    with pytest.raises(SystemExit) as ended:
        read(monkeypatch, **{name: value})
    assert name in str(ended.value)
    assert "hush-hush" not in str(ended.value)
