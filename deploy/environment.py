"""Builds each process's environment variables from ports, secrets and addresses."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from deploy.kafka_users import ADMINISTRATOR, Connections, scram_passwords
from deploy.keys import Secrets
from deploy.ports import HOST, Ports
from shared.demonstration import VARIABLE, Demonstration
from shared.kafka.settings import environment_of

Environment = Mapping[str, str]


@dataclass(frozen=True)
class Place:
    """Where one stack runs.

    Ports, servers (`kafka`: user to connection, `databases`: service to DSN), data folder.
    """

    ports: Ports
    kafka: Connections
    databases: Mapping[str, str]
    data: Path

    def url(self, service: str) -> str:
        """Return the address of a process that serves HTTP."""
        return f"http://{HOST}:{getattr(self.ports, service)}"

    def alive(self, process: str) -> Path:
        """Return the liveness file of a worker."""
        return self.data / "alive" / process


def environments(
    place: Place, secrets: Secrets, log_level: str = "INFO", canary_seconds: int = 0
) -> dict[str, Environment]:
    """Return the environment of every process of the product, by its name."""
    services = {
        "intake": _intake(place, secrets),
        "identity": _identity(place, secrets),
        "tracker": _tracker(place, secrets) | {"TRACKER_CANARY_SECONDS": str(canary_seconds)},
        "notifier": _notifier(place, secrets),
    }
    processes = services | {
        f"{name}-worker": services[name] | {"LIVENESS_FILE": str(place.alive(f"{name}-worker"))}
        for name in ("tracker", "notifier")
    }
    processes["notifier-bounces"] = services["notifier"] | {
        "LIVENESS_FILE": str(place.alive("notifier-bounces")),
        "NOTIFIER_INBOUND_HOST": HOST,
        "NOTIFIER_INBOUND_PORT": str(place.ports.bounces),
    }
    processes["mailbox"] = {
        "MAILBOX_FOLDER": str(place.data / "mail"),
        "MAILBOX_HTTP_PORT": str(place.ports.mailbox),
        "MAILBOX_SMTP_PORT": str(place.ports.smtp),
        "MAILBOX_BOUNCES_PORT": str(place.ports.bounces),
    }
    return {
        name: {**environment, "LOG_LEVEL": log_level, VARIABLE: ",".join(Demonstration)}
        for name, environment in processes.items()
    }


def prepare_settings(kafka: Connections) -> dict[str, str]:
    """Return Kafka's part of `deploy.prepare`'s settings.

    The administrator's connection, the users to create.
    """
    return {**environment_of(kafka[ADMINISTRATOR]), "KAFKA_USERS": json.dumps(scram_passwords(kafka))}


def _intake(place: Place, secrets: Secrets) -> dict[str, str]:
    return {
        **environment_of(place.kafka["intake"]),
        "INTAKE_DATABASE_URL": place.databases["intake"],
        "INTAKE_PUBLIC_URL": place.url("intake"),
        "INTAKE_OIDC_ISSUER": place.url("identity"),
        "INTAKE_OIDC_CLIENT_ID": "intake",
        "INTAKE_OIDC_CLIENT_SECRET": secrets["intake_client_secret"],
        "INTAKE_SESSION_KEY": secrets["intake_session_key"],
        "INTAKE_IDEMPOTENCY_KEY": secrets["idempotency_key"],
        "INTAKE_RECORD_KEYS": secrets["record_key"],
        "INTAKE_TRACKER_URL": place.url("tracker"),
        "INTAKE_TRACKER_SEALING_KEY": secrets["tracker_sealing_public_key"],
        "INTAKE_NOTIFIER_SEALING_KEY": secrets["notifier_sealing_public_key"],
    }


def _identity(place: Place, secrets: Secrets) -> dict[str, str]:
    operator = {
        "username": "operator",
        "password": secrets["operator_password"],
        "name": "Olli Operaattori",
        "roles": ["operator"],
        "demonstration": True,
    }
    return {
        "IDENTITY_DATABASE_URL": place.databases["identity"],
        "IDENTITY_PUBLIC_URL": place.url("identity"),
        "IDENTITY_SIGNING_KEY": secrets["identity_signing_key"],
        "IDENTITY_ID_TOKEN_KEY": secrets["identity_id_token_key"],
        "IDENTITY_SESSION_KEY": secrets["identity_session_key"],
        "IDENTITY_SUBJECT_KEY": secrets["identity_subject_key"],
        "IDENTITY_CLIENTS": json.dumps(clients(place, secrets)),
        "IDENTITY_STAFF": json.dumps([operator]),
    }


def clients(place: Place, secrets: Secrets) -> list[dict[str, object]]:
    """Return the three systems that identity knows: the site, the console, and the back office."""
    return [
        {
            "client_id": "intake",
            "client_secret": secrets["intake_client_secret"],
            "redirect_uris": [f"{place.url('intake')}/auth/callback"],
            "grants": ["authorization_code", "client_credentials"],
            "scopes": ["openid", "profile", "requests:status"],
        },
        {
            "client_id": "console",
            "client_secret": secrets["console_client_secret"],
            "redirect_uris": [f"{place.url('tracker')}/console/callback"],
            "grants": ["authorization_code", "client_credentials"],
            "scopes": ["openid", "profile", "operate"],
        },
        {
            "client_id": "backoffice",
            "demonstration": True,
            "client_secret": secrets["backoffice_client_secret"],
            "redirect_uris": [],
            "grants": ["client_credentials"],
            "scopes": [
                "requests:read",
                "requests:write",
                "requests:personal-code",
                "requests:audit",
                "operate",
            ],
        },
    ]


def _tracker(place: Place, secrets: Secrets) -> dict[str, str]:
    return {
        **environment_of(place.kafka["tracker"]),
        "TRACKER_DATABASE_URL": place.databases["tracker"],
        "TRACKER_PUBLIC_URL": place.url("tracker"),
        "TRACKER_INTAKE_URL": place.url("intake"),
        "TRACKER_NOTIFIER_URL": place.url("notifier"),
        "TRACKER_OIDC_ISSUER": place.url("identity"),
        "TRACKER_OIDC_CLIENT_ID": "console",
        "TRACKER_OIDC_CLIENT_SECRET": secrets["console_client_secret"],
        "TRACKER_SESSION_KEY": secrets["tracker_session_key"],
        "TRACKER_SEALING_PRIVATE_KEYS": secrets["tracker_sealing_private_key"],
        "TRACKER_NOTIFIER_SEALING_KEY": secrets["notifier_sealing_public_key"],
        "TRACKER_RECORD_KEYS": secrets["record_key"],
        "TRACKER_DATA_KEY": secrets["data_key"],
        "TRACKER_INDEX_KEY": secrets["index_key"],
        "TRACKER_WORK_NUMBER_KEY": secrets["work_number_key"],
        "TRACKER_LINK_KEY": secrets["link_key"],
    }


def _notifier(place: Place, secrets: Secrets) -> dict[str, str]:
    return {
        **environment_of(place.kafka["notifier"]),
        "NOTIFIER_DATABASE_URL": place.databases["notifier"],
        "NOTIFIER_OIDC_ISSUER": place.url("identity"),
        "NOTIFIER_SEALING_PRIVATE_KEYS": secrets["notifier_sealing_private_key"],
        "NOTIFIER_LINK_KEY": secrets["link_key"],
        "NOTIFIER_SMTP_HOST": HOST,
        "NOTIFIER_SMTP_PORT": str(place.ports.smtp),
        "NOTIFIER_SMTP_TLS": "none",
        "NOTIFIER_FROM": "asiointi@kunta.example",
        "NOTIFIER_RETURN_PATH": "bounces@kunta.example",
        "NOTIFIER_SITE_URL": place.url("intake"),
    }
