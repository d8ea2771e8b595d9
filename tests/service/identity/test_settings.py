"""Identity's settings as the environment gives them.

A wrong one ends the boot by its name, and never by its value.
"""

import base64
import json

import pytest
from joserfc.jwk import ECKey, OKPKey

from services.identity.banks import Bank, choose_banks, load_banks
from services.identity.settings import Settings
from shared.demonstration import Demonstration
from shared.settings import read_settings

KEY = base64.urlsafe_b64encode(bytes(range(32))).decode()
CLIENTS = [
    {
        "client_id": "intake",
        "client_secret": "hush-hush",
        "redirect_uris": ["https://a.fi/cb"],
        "grants": ["authorization_code"],
        "scopes": [],
    },
    {
        "client_id": "console",
        "client_secret": "hush-hush",
        "redirect_uris": ["https://b.fi/cb"],
        "grants": ["authorization_code"],
        "scopes": [],
    },
]
GOOD = {
    "IDENTITY_DATABASE_URL": "postgresql://a:b@c/d",
    "IDENTITY_PUBLIC_URL": "https://id.example/",
    "IDENTITY_SIGNING_KEY": json.dumps(OKPKey.generate_key("Ed25519").as_dict(private=True)),
    "IDENTITY_SESSION_KEY": KEY,
    "IDENTITY_CLIENTS": json.dumps(CLIENTS),
    "IDENTITY_STAFF": json.dumps(
        [{"username": "olli", "password": "hush-hush", "name": "Olli", "roles": ["operator"]}]
    ),
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
        (
            "IDENTITY_CLIENTS",
            json.dumps([{**CLIENTS[0], "client_secret": None, "jwks": {"keys": [{"kty": "hush-hush"}]}}]),
        ),
        ("IDENTITY_CLIENTS", json.dumps([{**CLIENTS[0], "redirect_uris": []}])),
        ("IDENTITY_CLIENTS", json.dumps([{**CLIENTS[0], "grants": ["password"]}])),
        ("IDENTITY_STAFF", json.dumps([{"username": "olli", "password": "", "name": "Olli"}])),
        (
            "IDENTITY_STAFF",
            json.dumps(
                [{"username": name, "password": "hush-hush", "name": "Olli"} for name in ("olli", " OLLI")]
            ),
        ),
    ],
)
def test_a_wrong_setting_ends_the_boot_by_its_name(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str | None
) -> None:
    with pytest.raises(SystemExit) as ended:
        read(monkeypatch, **{name: value})
    assert name in str(ended.value)
    assert "hush-hush" not in str(ended.value)


DEMO_CLIENT = json.dumps(
    [
        *CLIENTS,
        {
            "client_id": "backoffice",
            "client_secret": "hush-hush",
            "grants": ["client_credentials"],
            "demonstration": True,
        },
    ]
)
DEMO_STAFF = json.dumps(
    [{"username": "operator", "password": "hush-hush", "name": "Olli", "demonstration": True}]
)
OWN_KEY = {"keys": {"0007": "hush-hush"}}
PUBLISHED = json.dumps(
    {"op": {"url": "https://bank.example/tupas", "keys": {"0007": "hush-hush", "0001": "LEHTI"}}}
)


@pytest.mark.parametrize(
    ("setting", "value", "needs"),
    [
        ("IDENTITY_CLIENTS", DEMO_CLIENT, "demo-clients"),
        ("IDENTITY_STAFF", DEMO_STAFF, "demo-staff"),
        ("IDENTITY_BANKS", json.dumps({"op": OWN_KEY}), "simulated-banks"),
        ("IDENTITY_BANKS", PUBLISHED, "published-bank-keys"),
    ],
)
def test_what_is_for_demonstration_starts_only_where_it_is_allowed_by_name(
    monkeypatch: pytest.MonkeyPatch, setting: str, value: str, needs: str
) -> None:
    others = ",".join(name for name in Demonstration if name != needs)
    for allowed in ("", others):
        with pytest.raises(SystemExit) as ended:
            read(monkeypatch, **{setting: value, "DEMONSTRATION": allowed})
        assert setting in str(ended.value)
        assert needs in str(ended.value)
        assert "hush-hush" not in str(ended.value)
    assert read(monkeypatch, **{setting: value, "DEMONSTRATION": f" {needs} ,"}).demonstration == {needs}


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("DEMONSTRATION", "everything"),
        ("IDENTITY_BANKS", json.dumps({"nobank": OWN_KEY})),
        ("IDENTITY_BANKS", json.dumps({"op": {"keys": {}}})),
        ("IDENTITY_BANKS", json.dumps({"op": {"keys": {"1": "hush-hush"}}})),
        ("IDENTITY_BANKS", json.dumps({"op": {"keys": {"0001": ""}}})),
        ("IDENTITY_BANKS", json.dumps({"op": {**OWN_KEY, "url": "http://bank.example"}})),
    ],
)
def test_a_wrong_agreement_ends_the_boot_by_its_name(
    monkeypatch: pytest.MonkeyPatch, setting: str, value: str
) -> None:
    with pytest.raises(SystemExit) as ended:
        read(monkeypatch, **{"DEMONSTRATION": "simulated-banks", setting: value})
    assert setting in str(ended.value)
    assert "hush-hush" not in str(ended.value)


def test_banks_come_from_settings_and_the_published_ones_only_in_a_demonstration(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    agreed = json.dumps({"op": {**OWN_KEY, "url": "https://bank.example/tupas", "service_provider": "kunta"}})

    def banks(**changed: str) -> dict[str, Bank]:
        settings = read(monkeypatch, **changed)
        return choose_banks(settings.banks, settings.demonstration)

    assert banks() == {}
    assert banks(DEMONSTRATION="simulated-banks") == {}
    assert banks(DEMONSTRATION="published-bank-keys") == {}
    assert list(banks(DEMONSTRATION="simulated-banks,published-bank-keys")) == list(load_banks())
    (op,) = banks(IDENTITY_BANKS=agreed, DEMONSTRATION="").values()
    assert (op.keys.by_version, op.key_version, op.service_provider, op.url) == (
        {"0007": "hush-hush"},
        "0007",
        "kunta",
        "https://bank.example/tupas",
    )
