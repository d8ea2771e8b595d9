"""Kafka and PostgreSQL in containers of the images that compose uses, and the whole stack by compose."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from textwrap import dedent

from testcontainers.community.kafka import KafkaContainer
from testcontainers.community.postgres import PostgresContainer
from testcontainers.core.container import DockerContainer

from deploy.postgres import ADMIN
from shared.kafka.connection import KafkaConnection
from tests.infra.compose import stack

__all__ = ["kafka", "postgres", "stack"]

KAFKA_IMAGE, POSTGRES_IMAGE = "apache/kafka:4.3.1", "postgres:18"
PASSWORD = "not a secret/@"
BROKER_SETTINGS = {
    "KAFKA_AUTO_CREATE_TOPICS_ENABLE": "false",
    "KAFKA_BROKER_SESSION_TIMEOUT_MS": "2000",
    "KAFKA_BROKER_HEARTBEAT_INTERVAL_MS": "500",
    "KAFKA_TRANSACTION_STATE_LOG_REPLICATION_FACTOR": "1",
    "KAFKA_TRANSACTION_STATE_LOG_MIN_ISR": "1",
    "KAFKA_SHARE_COORDINATOR_STATE_TOPIC_REPLICATION_FACTOR": "1",
    "KAFKA_SHARE_COORDINATOR_STATE_TOPIC_MIN_ISR": "1",
    "KAFKA_HEAP_OPTS": "-Xmx256m",
}


@asynccontextmanager
async def kafka(_folder: Path) -> AsyncIterator[KafkaConnection]:
    """Run a broker for as long as the context lasts; return how it is reached."""
    broker = ApacheKafkaContainer()
    async with _running(broker):
        yield KafkaConnection(broker.get_bootstrap_server())


@asynccontextmanager
async def postgres(_folder: Path) -> AsyncIterator[str]:
    """Run a server for as long as the context lasts; return the superuser's address."""
    server = PostgresContainer(POSTGRES_IMAGE, username=ADMIN, password=PASSWORD, dbname=ADMIN, driver=None)
    async with _running(server):
        yield server.get_connection_url()


class ApacheKafkaContainer(KafkaContainer):
    """Kafka's own image; the library knows the start of Confluent's alone."""

    def __init__(self) -> None:
        super().__init__(KAFKA_IMAGE)
        # `with_kraft()` compares the image's tag with Confluent's version numbers.
        self.kraft_enabled = True
        self.with_envs(**BROKER_SETTINGS)

    def tc_start(self) -> None:
        """Write the script that the container waits for, now that the port on this side is known."""
        listeners = f"{self.listener_name}://{self.get_bootstrap_server()},BROKER://$(hostname -i):9092"
        script = f"""\
            #!/bin/bash
            export KAFKA_ADVERTISED_LISTENERS={listeners}
            exec /etc/kafka/docker/run
            """
        self.create_file(dedent(script).encode(), self.TC_START_SCRIPT)


@asynccontextmanager
async def _running(container: DockerContainer) -> AsyncIterator[None]:
    try:
        await asyncio.to_thread(container.start)
        yield
    finally:
        await asyncio.to_thread(container.stop)
