"""Writes `addresses.json`, which tells clients where a running stack listens; removed when the run ends."""

import json
from collections.abc import Mapping
from pathlib import Path

from deploy.environment import Place, clients
from deploy.kafka_users import ADMINISTRATOR
from deploy.keys import Secrets
from deploy.ports import HOST
from shared.kafka.connection import KafkaConnection


class Addresses:
    """The file, updated with the process ids of a run and the programs that are down."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._facts: Mapping[str, object] | None = None

    def publish(self, facts: Mapping[str, object], pids: Mapping[str, int], down: Mapping[str, str]) -> None:
        """Write the facts, the process ids (name to number) and why programs are `down`.

        The facts hold secrets, so only the owner may read the file.
        """
        self._facts = facts
        draft = self._file.with_suffix(".new")
        draft.touch(mode=0o600)
        draft.write_text(json.dumps({**facts, "pids": dict(pids), "down": dict(down)}, indent=1) + "\n")
        draft.replace(self._file)

    def update(self, pids: Mapping[str, int], down: Mapping[str, str]) -> None:
        """Update process ids and programs that are down, once something was published."""
        if self._facts is not None:
            self.publish(self._facts, pids, down)

    def withdraw(self) -> None:
        """Remove the file."""
        self._facts = None
        self._file.unlink(missing_ok=True)


def describe(place: Place, secrets: Secrets) -> dict[str, object]:
    """Return what a client of a running stack needs to know."""
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
    """Return the credentials of the demo back office, the operator and Kafka's administrator."""
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
    """Return a connection's settings by the names of `KafkaConnection`."""
    names = ("bootstrap_servers", "security_protocol", "sasl_mechanism", "username", "password")
    return {name: value for name in names if (value := getattr(connection, name)) is not None}
