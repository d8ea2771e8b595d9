"""Prepares Kafka and the databases: creates topics and users, and runs every service's migrations.

`python -m deploy.prepare`, idempotent. Reads `PrepareSettings` and each `<SERVICE>_DATABASE_URL`; a service
without one is left out.
"""

import asyncio
import os
import sys
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from pydantic import Field, SecretStr

from deploy.kafka_grants import grants
from services.tracker.register.from_intake import is_unsigned_before_recorded, record_unsigned_before
from shared.database.engine import migrate
from shared.events.command_topics import DEFAULT, VARIABLE, CommandTopics
from shared.events.topics import PARTITIONS, SUBMITTED, all_topics, readers
from shared.kafka.access import ensure_access
from shared.kafka.connection import KafkaConnection
from shared.kafka.lag import LagReader
from shared.kafka.producer import KafkaUnavailable
from shared.kafka.settings import KafkaSettings
from shared.kafka.topics import Durability, UnfitCluster, ensure_topics
from shared.process.backoff import Backoff
from shared.settings import read_settings

SERVICES = Path(__file__).resolve().parents[1] / "services"
KAFKA_SECONDS = 60.0


class PrepareSettings(KafkaSettings):
    """Kafka as an administrator, the users to create, and tracker's own setting of command topics."""

    users: Mapping[str, SecretStr] = Field(
        default={},
        validation_alias="KAFKA_USERS",
        description=(
            "SCRAM users to make or give a new password, from name to password; their rights become exactly "
            "those of `deploy/kafka_grants.py`. "
            "Without it no user and no right is touched"
        ),
    )
    command_topics: CommandTopics = Field(
        default=DEFAULT,
        validation_alias=VARIABLE,
        description="As tracker's: which topics of commands to make",
    )
    partitions: int = Field(
        default=PARTITIONS,
        ge=1,
        validation_alias="KAFKA_TOPIC_PARTITIONS",
        description="Of each topic of events",
    )
    replication_factor: int | None = Field(
        default=None,
        ge=1,
        validation_alias="KAFKA_REPLICATION_FACTOR",
        description=(
            "Copies of each partition; without it three where there are three brokers, else as many "
            "as there are"
        ),
    )
    min_insync_replicas: int | None = Field(
        default=None,
        ge=1,
        validation_alias="KAFKA_MIN_INSYNC_REPLICAS",
        description=(
            "Copies that are in sync before an ack; without it two where there are three copies, else one"
        ),
    )


def prepare(environment: Mapping[str, str], settings: PrepareSettings) -> list[str]:
    """Prepare everything; returns what was prepared, in words.

    Raises `TimeoutError` when the broker does not answer within a minute, and the driver's error when a
    database does not.
    """
    with ThreadPoolExecutor(1) as beside:
        topics = beside.submit(asyncio.run, _prepare_kafka(settings))
        done = [name for name, folder in migration_folders().items() if _migrate(name, folder, environment)]
        topics.result()
    if tracker := environment.get("TRACKER_DATABASE_URL"):
        asyncio.run(_record_unsigned_before(tracker, settings.kafka_connection))
    return [*(f"database of {name}" for name in done), "topics"]


async def _prepare_kafka(settings: PrepareSettings) -> None:
    kafka = settings.kafka_connection
    topics = all_topics(settings.command_topics, settings.partitions)
    durability = Durability(settings.replication_factor, settings.min_insync_replicas)
    await ensure_topics(
        kafka, topics, durability, readers=readers(settings.command_topics), within=KAFKA_SECONDS
    )
    if settings.users:
        passwords = {user: password.get_secret_value() for user, password in settings.users.items()}
        await ensure_access(kafka, passwords, grants(settings.command_topics))


def migration_folders() -> dict[str, Path]:
    """Return each service's folder of migrations, by the service's name."""
    return {
        folder.parent.name: folder
        for folder in sorted(SERVICES.glob("*/migrations"))
        if (folder / "env.py").exists()
    }


async def _record_unsigned_before(dsn: str, kafka: KafkaConnection) -> None:
    """Accept the submissions that are on the log now without intake's MAC: earlier versions did not sign."""
    if await is_unsigned_before_recorded(dsn):
        return None
    async with asyncio.timeout(KAFKA_SECONDS), LagReader(kafka) as lags:
        backoff = Backoff(first=0.1, most=1.0)
        while True:
            try:
                return await record_unsigned_before(dsn, await lags.end_offsets(SUBMITTED))
            except KafkaUnavailable:
                await backoff.wait()


def _migrate(name: str, folder: Path, environment: Mapping[str, str]) -> bool:
    dsn = environment.get(f"{name.upper()}_DATABASE_URL")
    if dsn:
        migrate(folder, dsn)
    return dsn is not None


def main() -> None:
    """Prepare with the settings of the environment; print what was done or what the cluster cannot do."""
    try:
        print("Ready:", ", ".join(prepare(os.environ, read_settings(PrepareSettings))))  # noqa: T201  a command's answer
    except UnfitCluster as error:
        sys.exit(f"{error}.")
    except TimeoutError:
        sys.exit(
            f"Kafka did not take us or did not get there within {KAFKA_SECONDS:.0f} s; check the KAFKA_ "
            "settings, its user's rights and its logs."
        )


if __name__ == "__main__":
    main()
