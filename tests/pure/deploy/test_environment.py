"""Every process gets the settings of docs/settings.md, and no more than it needs."""

import json
import os
from importlib import import_module
from pathlib import Path

import pytest

from deploy.environment import Place, environments, prepare_settings
from deploy.failure import StartFailure
from deploy.kafka_users import own_connections
from deploy.keys import KAFKA_USERS, Secrets, make
from deploy.ports import ports_from
from deploy.servers import ExistingServers, find_place, service_dsn
from services.identity.oidc.tokens import audiences

PLACE = Place(
    ports_from(9000),
    own_connections("127.0.0.1:9006", {f"kafka_{user}_password": user for user in KAFKA_USERS}),
    {name: f"postgresql://{name}@x/{name}" for name in ("intake", "identity", "tracker", "notifier")},
    Path("/data"),
)


@pytest.fixture(scope="module")
def secrets() -> Secrets:
    return make()


@pytest.mark.parametrize("service", ["intake", "identity", "tracker", "notifier"])
def test_a_service_boots_on_what_it_is_given_and_knows_every_name_of_it(
    service: str, secrets: Secrets, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = environments(PLACE, secrets)[service]
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    module = import_module(f"services.{service}.settings")
    settings = getattr(module, "Settings", None) or getattr(module, f"{service.capitalize()}Settings")
    settings()
    known = {str(field.validation_alias or name).upper() for name, field in settings.model_fields.items()}
    assert {name for name in given if not {name, name.removeprefix(f"{service.upper()}_")} & known} == set()


def test_no_private_key_reaches_a_process_that_does_not_open_with_it(secrets: Secrets) -> None:
    given = environments(PLACE, secrets)
    holders = {
        name: {
            process
            for process, environment in given.items()
            if any(value == secrets[name] for value in environment.values())
        }
        for name in (
            "tracker_sealing_private_key",
            "notifier_sealing_private_key",
            "data_key",
            "record_key",
            "identity_signing_key",
        )
    }
    tracker, notifier = {"tracker", "tracker-worker"}, {"notifier", "notifier-worker", "notifier-bounces"}
    assert holders == {
        "tracker_sealing_private_key": tracker,
        "notifier_sealing_private_key": notifier,
        "data_key": tracker,
        "record_key": {"intake", *tracker},
        "identity_signing_key": {"identity"},
    }


def test_the_clients_secrets_match_what_identity_is_told(secrets: Secrets) -> None:
    given = environments(PLACE, secrets)
    known = {client["client_id"]: client for client in json.loads(given["identity"]["IDENTITY_CLIENTS"])}
    assert known["intake"]["client_secret"] == given["intake"]["INTAKE_OIDC_CLIENT_SECRET"]
    assert known["console"]["client_secret"] == given["tracker"]["TRACKER_OIDC_CLIENT_SECRET"]
    assert known["intake"]["redirect_uris"] == ["http://127.0.0.1:9000/auth/callback"]


def test_tracker_may_ask_intake_for_its_spool(secrets: Secrets) -> None:
    given = environments(PLACE, secrets)
    known = {client["client_id"]: client for client in json.loads(given["identity"]["IDENTITY_CLIENTS"])}
    console = known[given["tracker"]["TRACKER_OIDC_CLIENT_ID"]]
    assert "client_credentials" in console["grants"]
    assert "operate" in console["scopes"]
    assert "intake" in audiences(["operate"], "https://identity.example")
    assert (
        given["tracker"]["TRACKER_INTAKE_URL"]
        == given["tracker-worker"]["TRACKER_INTAKE_URL"]
        == "http://127.0.0.1:9000"
    )


@pytest.mark.parametrize("client", ["intake", "backoffice"])
def test_whoever_signs_citizens_in_gets_no_token_for_operators(client: str, secrets: Secrets) -> None:
    (known,) = (
        each
        for each in json.loads(environments(PLACE, secrets)["identity"]["IDENTITY_CLIENTS"])
        if each["client_id"] == client
    )
    assert ("authorization_code" in known["grants"]) != ("operate" in known["scopes"])


def test_the_sealing_keys_are_pairs(secrets: Secrets) -> None:
    from shared.crypto.sealing import public_key_of  # noqa: PLC0415  only here

    for service in ("tracker", "notifier"):
        assert (
            public_key_of(secrets[f"{service}_sealing_private_key"])
            == secrets[f"{service}_sealing_public_key"]
        )


def test_a_service_gets_its_own_role_and_database_on_a_server_elsewhere() -> None:
    assert (
        service_dsn("postgresql://admin:pw@db.example:5433/postgres?sslmode=require", "intake", "a/b")
        == "postgresql://intake:a%2Fb@db.example:5433/intake?sslmode=require"
    )


def test_a_service_keeps_hosts_and_certificates_of_the_administrators_address_but_not_who_that_is() -> None:
    admin = "postgres://admin@[::1]:5432,two.example/postgres?user=admin&password=pw&dbname=x&sslmode=verify-full&application_name=a%20b"
    assert (
        service_dsn(admin, "intake", "p")
        == "postgresql://intake:p@[::1]:5432,two.example/intake?sslmode=verify-full&application_name=a+b"
    )
    assert (
        service_dsn("postgresql:///postgres?host=/run/postgresql", "intake", "p")
        == "postgresql://intake:p@/intake?host=%2Frun%2Fpostgresql"
    )


def test_an_administrators_address_that_cannot_be_read_is_told_with_its_variable() -> None:
    with pytest.raises(StartFailure, match="DATABASE_URL: sslmode must be one of") as refused:
        ExistingServers.from_environment({"DATABASE_URL": "postgresql://admin:secret@h/d?sslmode=yes"})
    assert "secret" not in str(refused.value)


def test_the_settings_of_a_cluster_of_ones_own_reach_every_process(
    secrets: Secrets, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = {
        "KAFKA_BOOTSTRAP_SERVERS": "kafka.kunta.example:9093",
        "KAFKA_SECURITY_PROTOCOL": "SASL_SSL",
        "KAFKA_SASL_MECHANISM": "SCRAM-SHA-256",
        "KAFKA_SASL_USERNAME": "asiointi",
        "KAFKA_SASL_PASSWORD": "not a secret",
    }
    for name, value in own.items():
        monkeypatch.setenv(name, value)
    place = find_place(Path("/data"), ports_from(9000), secrets, ExistingServers.from_environment(os.environ))
    given = environments(place, secrets)
    for process in ("intake", "tracker", "tracker-worker", "notifier", "notifier-worker"):
        assert {name: value for name, value in given[process].items() if name.startswith("KAFKA_")} == own, (
            process
        )
    assert prepare_settings(place.kafka) == {**own, "KAFKA_USERS": "{}"}, "its users are not ours to make"


def test_in_a_stack_of_ones_own_each_service_connects_as_itself(secrets: Secrets) -> None:
    given = environments(PLACE, secrets)
    users = {process: environment.get("KAFKA_SASL_USERNAME") for process, environment in given.items()}
    assert users == {
        **{
            name: name.partition("-")[0]
            for name in (
                "intake",
                "tracker",
                "tracker-worker",
                "notifier",
                "notifier-worker",
                "notifier-bounces",
            )
        },
        **dict.fromkeys(("identity", "mailbox")),
    }
    prepare = prepare_settings(PLACE.kafka)
    assert (prepare["KAFKA_SASL_USERNAME"], set(json.loads(prepare["KAFKA_USERS"]))) == (
        "admin",
        {"intake", "tracker", "notifier", "backoffice"},
    )
