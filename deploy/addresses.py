"""`addresses.json`: where a running stack listens; written in one step, gone when the run ends."""

import json
from collections.abc import Mapping
from pathlib import Path

from deploy.environment import Place, clients
from deploy.kafka_users import ADMINISTRATOR
from deploy.keys import Secrets
from deploy.ports import HOST
from shared.kafka.connection import KafkaConnection


class Addresses:
    """The file, kept up to date with the process ids of a run and with what is down."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._facts: Mapping[str, object] | None = None

    def publish(self, facts: Mapping[str, object], pids: Mapping[str, int], down: Mapping[str, str]) -> None:
        """Write the facts with the process ids (name to number) and why programs are `down`; they hold secrets, so only the owner may read them."""
        self._facts = facts
        draft = self._file.with_suffix(".new")
        draft.touch(mode=0o600)
        draft.write_text(json.dumps({**facts, "pids": dict(pids), "down": dict(down)}, indent=1) + "\n")
        draft.replace(self._file)

    def update(self, pids: Mapping[str, int], down: Mapping[str, str]) -> None:
        """Write what is new of them, once something was published."""
        if self._facts is not None:
            self.publish(self._facts, pids, down)

    def withdraw(self) -> None:
        """Remove the file."""
        self._facts = None
        self._file.unlink(missing_ok=True)


def describe(place: Place, secrets: Secrets) -> dict[str, object]:
    """Give what a client of a running stack has to know."""
    return {
        "site": place.url("intake"),
        **{name: place.url(name) for name in ("intake", "identity", "tracker", "notifier", "mailbox")},
        "kafka": place.kafka["backoffice"].bootstrap_servers,
        "databases": dict(place.databases),
        "smtp": f"{HOST}:{place.ports.smtp}",
        "bounces": f"{HOST}:{place.ports.bounces}",
        "maildir": str(place.data / "mail"),
        "credentials": describe_credentials(place, secrets),
    }


def describe_credentials(place: Place, secrets: Secrets) -> dict[str, dict[str, str]]:
    """Give the demo back office's credentials at identity and at Kafka, the operator's, and those of Kafka's administrator."""
    backoffice = next(client for client in clients(place, secrets) if client["client_id"] == "backoffice")
    scopes = backoffice["scopes"]
    assert isinstance(scopes, list)  # noqa: S101  for the type checker
    return {
        "backoffice": {
            "client_id": "backoffice",
            "client_secret": secrets["backoffice_client_secret"],
            "token_endpoint": f"{place.url('identity')}/token",
            "scope": " ".join(scopes),
        },
        "operator": {"username": "operator", "password": secrets["operator_password"]},
        "kafka": _kafka_credentials(place.kafka["backoffice"]),
        "kafka_admin": _kafka_credentials(place.kafka[ADMINISTRATOR]),
    }


def _kafka_credentials(connection: KafkaConnection) -> dict[str, str]:
    """Give what a client of Kafka has to know, by the names of `KafkaConnection`."""
    names = ("bootstrap_servers", "security_protocol", "sasl_mechanism", "username", "password")
    return {name: value for name in names if (value := getattr(connection, name)) is not None}
