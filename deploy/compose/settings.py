"""Writes each container's settings into one volume, before the other containers start.

`python -m deploy.compose.settings`. Secrets are made at the first start and kept; everything else is
rewritten from the addresses in docker-compose.yml. A container mounts only its own folder.
"""

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import quote

from deploy.environment import Environment, Place, environments, prepare_settings
from deploy.kafka_users import as_properties, broker_security, own_connections
from deploy.keys import SERVICES, Secrets, read_or_make
from deploy.ports import DEFAULT_BASE, ports_from

FOLDER = Path("/settings")
APP_PORT, SMTP_PORT = 8000, 1025
OUTSIDE = "OUTSIDE"
"""The listener of `reachable.yml`."""
KAFKA, POSTGRES, MAIL_SERVER = "kafka:9092", "postgres:5432", "mailpit"
BACK_CHANNELS = {
    "intake": {"INTAKE_OIDC_BACKCHANNEL_URL": "identity", "INTAKE_TRACKER_URL": "tracker"},
    "tracker": {
        "TRACKER_OIDC_BACKCHANNEL_URL": "identity",
        "TRACKER_INTAKE_URL": "intake",
        "TRACKER_NOTIFIER_URL": "notifier",
    },
    "notifier": {"NOTIFIER_OIDC_BACKCHANNEL_URL": "identity"},
}


@dataclass(frozen=True)
class PublishedPlace(Place):
    """A stack whose services have one address for browsers (`urls`) and another between containers."""

    urls: Mapping[str, str]

    def url(self, service: str) -> str:
        """Return the address of a service for browsers."""
        return self.urls[service].rstrip("/")


def published_place(environment: Mapping[str, str], secrets: Secrets) -> PublishedPlace:
    """Read `<SERVICE>_URL` and `MAILBOX_URL`; `KeyError` names one that is missing."""
    return PublishedPlace(
        ports=replace(ports_from(DEFAULT_BASE), smtp=SMTP_PORT),
        kafka=own_connections(KAFKA, secrets),
        databases={
            service: database_url(service, secrets[f"{service}_database_password"]) for service in SERVICES
        },
        data=Path("/tmp"),  # noqa: S108  the containers' own, in memory
        urls={name: environment[f"{name.upper()}_URL"] for name in (*SERVICES, "mailbox")},
    )


def database_url(role: str, password: str) -> str:
    """Return the address of a role's own database."""
    return f"postgresql://{quote(role)}:{quote(password, safe='')}@{POSTGRES}/{quote(role)}"


def container_environments(environment: Mapping[str, str], secrets: Secrets) -> dict[str, Environment]:
    """Return each service's settings by its name, and under `prepare` those for topics and databases."""
    place = published_place(environment, secrets)
    plain = environments(place, secrets)
    made: dict[str, Environment] = {name: {**plain[name], **_back_channels(name)} for name in SERVICES}
    made["notifier"] = {**made["notifier"], "NOTIFIER_SMTP_HOST": MAIL_SERVER}
    databases = {
        f"{name.upper()}_DATABASE_URL": made[name][f"{name.upper()}_DATABASE_URL"] for name in SERVICES
    }
    made["prepare"] = {
        **prepare_settings(place.kafka),
        "DATABASE_URL": database_url("postgres", secrets["postgres_password"]),
        **databases,
    }
    return made


def write_settings(folder: Path, environment: Mapping[str, str]) -> None:
    """Write `<container>/environment.json` for each container, and the files of PostgreSQL and Kafka."""
    secrets = read_or_make(folder / "secrets.json")
    for name, settings in container_environments(environment, secrets).items():
        _write(folder / name / "environment.json", json.dumps(settings, indent=1), mode=0o400)
    # The servers read their files as other users.
    _write(folder / "postgres" / "password", secrets["postgres_password"], mode=0o444)
    # Kafka's start copies it with its mode, and then adds to its copy.
    _write(
        folder / "kafka" / "server.properties", as_properties(broker_security(secrets, OUTSIDE)), mode=0o644
    )


def _back_channels(name: str) -> dict[str, str]:
    return {
        variable: f"http://{service}:{APP_PORT}" for variable, service in BACK_CHANNELS.get(name, {}).items()
    }


def _write(file: Path, text: str, mode: int) -> None:
    file.parent.mkdir(exist_ok=True)
    draft = file.with_suffix(".new")
    draft.unlink(missing_ok=True)
    draft.touch(mode=0o600)
    draft.write_text(text)
    draft.chmod(mode)
    draft.replace(file)


if __name__ == "__main__":
    write_settings(FOLDER, os.environ)
