"""Kafka and PostgreSQL alone on a stopped stack's data, PostgreSQL told to hurry: what it fills can be filled again."""

import asyncio
import os
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from deploy.jars import class_path
from deploy.kafka import kafka_program
from deploy.keys import Secrets, read_or_make
from deploy.ports import HOST, ports_from
from deploy.postgres import ADMIN, dsn, postgres_program
from deploy.progress import Progress
from deploy.servers import JARS, service_dsn
from deploy.supervise import Supervisor
from shared.kafka.connection import KafkaConnection

HURRY = {
    "fsync": "off",
    "full_page_writes": "off",
    "synchronous_commit": "off",
    # With these a table that is emptied and filled in one transaction goes past the write-ahead log.
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "max_wal_size": "8GB",
    "checkpoint_timeout": "1h",
    "autovacuum": "off",
    "jit": "off",
    "shared_buffers": "256MB",
    "work_mem": "64MB",
    "maintenance_work_mem": "768MB",
    "max_parallel_maintenance_workers": "1",
}
STOP_SECONDS = 600.0


@dataclass(frozen=True)
class BareServers:
    """Where they are: DSNs by service, the broker, open to anybody; and the stack's secrets."""

    databases: Mapping[str, str]
    kafka: KafkaConnection
    secrets: Secrets


@asynccontextmanager
async def bare_servers(data: Path, port_base: int, progress: Progress) -> AsyncIterator[BareServers]:
    """Run them for as long as the context lasts; what was filled is on the disk when it ends."""
    secrets, ports = read_or_make(data / "secrets.json"), ports_from(port_base)
    password = secrets["postgres_password"]
    kafka, postgres = await asyncio.gather(
        asyncio.to_thread(kafka_program, data / "kafka", class_path(JARS), ports.kafka, ports.kafka_controller),
        asyncio.to_thread(postgres_program, data / "postgres", ports.postgres, password),
    )
    options = [option for name, value in HURRY.items() for option in ("-c", f"{name}={value}")]
    supervisor = Supervisor(data / "logs", progress.say)
    admin = dsn(ADMIN, password, ports.postgres, ADMIN)
    databases = {service: service_dsn(admin, service, secrets[f"{service}_database_password"]) for service in ("tracker", "notifier")}
    try:
        await asyncio.gather(
            supervisor.start(replace(postgres, command=(*postgres.command, *options), stop_seconds=STOP_SECONDS)), supervisor.start(kafka)
        )
        yield BareServers(databases, KafkaConnection(f"{HOST}:{ports.kafka}"), secrets)
    finally:
        await supervisor.stop(["kafka", "postgres"])
        # The server left this to the system.
        await asyncio.to_thread(os.sync)
