"""The servers of one stack: starts Kafka, PostgreSQL and the mailbox, or uses servers that already run."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qsl, quote, urlencode

from deploy.environment import Place
from deploy.failure import StartFailure
from deploy.jars import class_path
from deploy.kafka import kafka_program
from deploy.kafka_users import ADMINISTRATOR, USERS, Connections, broker_security, own_connections
from deploy.keys import SERVICES, Secrets
from deploy.ports import HOST, Ports
from deploy.postgres import ADMIN, dsn, ensure_database, postgres_program
from deploy.processes import ROOT
from deploy.program import Program
from deploy.progress import Progress
from shared.database.address import BadDatabaseAddress, hosts_and_parameters, read_database_address
from shared.kafka.settings import KafkaSettings
from shared.settings import read_settings

JARS = ROOT / "var" / "jars"
ADMIN_PARAMETERS = ("user", "password", "dbname", "passfile")
"""Parameters of an administrator's address that the services must not get."""


@dataclass(frozen=True)
class ExistingServers:
    """Servers that already run: each user's connection to Kafka, and a PostgreSQL administrator's address.

    That PostgreSQL role may create roles and databases.
    """

    kafka: Connections | None = None
    database: str | None = None

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> "ExistingServers":
        """Read `DATABASE_URL`, and Kafka's settings if `KAFKA_BOOTSTRAP_SERVERS` is set.

        All services then use the same Kafka connection. Raises `StartFailure` for an invalid `DATABASE_URL`.
        """
        database = environment.get("DATABASE_URL") or None
        try:
            read_database_address(database or "postgresql://")
        except BadDatabaseAddress as error:
            raise StartFailure(f"DATABASE_URL: {error}") from None
        kafka = None
        if environment.get("KAFKA_BOOTSTRAP_SERVERS"):
            kafka = dict.fromkeys((ADMINISTRATOR, *USERS), read_settings(KafkaSettings).kafka_connection)
        return cls(kafka, database)


def find_place(data: Path, ports: Ports, secrets: Secrets, existing: ExistingServers) -> Place:
    """Return the addresses and folders of one stack."""
    admin = existing.database or _own_admin(ports, secrets)
    databases = {
        service: service_dsn(admin, service, secrets[f"{service}_database_password"]) for service in SERVICES
    }
    return Place(ports, existing.kafka or own_connections(f"{HOST}:{ports.kafka}", secrets), databases, data)


def service_dsn(admin: str, service: str, password: str) -> str:
    """Return the address of a service's database on the servers of `admin`; raises `BadDatabaseAddress`.

    The database's role has the service's name.
    """
    hosts, parameters = hosts_and_parameters(admin)
    query = urlencode(
        [
            (name, value)
            for name, value in parse_qsl(parameters, keep_blank_values=True)
            if name not in ADMIN_PARAMETERS
        ]
    )
    credentials = f"{quote(service)}:{quote(password, safe='')}"
    return f"postgresql://{credentials}@{hosts}/{quote(service)}{'?' if query else ''}{query}"


async def server_programs(
    place: Place, secrets: Secrets, existing: ExistingServers, progress: Progress
) -> list[Program]:
    """Prepare the folders of the servers to start, and return their programs."""
    ports, preparing = place.ports, []
    if not existing.kafka:
        jars = await asyncio.to_thread(_jars, progress)
        security = broker_security(secrets)
        preparing.append(
            asyncio.to_thread(
                kafka_program, place.data / "kafka", jars, ports.kafka, ports.kafka_controller, security
            )
        )
    if not existing.database:
        preparing.append(
            asyncio.to_thread(
                postgres_program, place.data / "postgres", ports.postgres, secrets["postgres_password"]
            )
        )
    return await asyncio.gather(*preparing)


async def make_databases(place: Place, secrets: Secrets, existing: ExistingServers) -> None:
    """Create each service's role and database if they are missing."""
    admin = existing.database or _own_admin(place.ports, secrets)
    for service in SERVICES:
        await ensure_database(admin, service, secrets[f"{service}_database_password"])


def _own_admin(ports: Ports, secrets: Secrets) -> str:
    return dsn(ADMIN, secrets["postgres_password"], ports.postgres, ADMIN)


def _jars(progress: Progress) -> list[Path]:
    return class_path(
        JARS,
        lambda done, every: progress.note(f"Fetching Kafka (the first time only): {done} of {every} files"),
    )
