"""Several brokers that are one cluster, each to be stopped by itself."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from deploy.jars import class_path
from deploy.kafka import kafka_program, new_cluster_id
from shared.kafka.connection import KafkaConnection
from tests.infra.embedded import JARS, free_ports, running


@dataclass(frozen=True)
class Cluster:
    """A running cluster; `stop(number)` ends one broker in an orderly way."""

    ports: tuple[int, ...]
    exits: tuple[AsyncExitStack, ...]

    @property
    def connection(self) -> KafkaConnection:
        """Return how it is reached."""
        return KafkaConnection(",".join(f"127.0.0.1:{port}" for port in self.ports))

    async def stop(self, number: int) -> None:
        """Stop a broker."""
        await self.exits[number].aclose()


@asynccontextmanager
async def kafka_cluster(folder: Path, brokers: int = 3) -> AsyncIterator[Cluster]:
    """Run a cluster for as long as the context lasts."""
    every = free_ports(2 * brokers)
    ports, controllers = every[:brokers], every[brokers:]
    id_ = new_cluster_id()
    quorum = {
        "controller.quorum.voters": ",".join(
            f"{number}@127.0.0.1:{port}" for number, port in enumerate(controllers, 1)
        ),
        "controller.quorum.bootstrap.servers": ",".join(f"127.0.0.1:{port}" for port in controllers),
        "offsets.topic.replication.factor": str(brokers),
    }
    cluster = Cluster(tuple(ports), tuple(AsyncExitStack() for _ in ports))

    async def start(number: int, port: int, controller: int) -> None:
        name = f"kafka-{number}"
        more = {**quorum, "node.id": str(number)}
        program = await asyncio.to_thread(
            kafka_program,
            folder / name,
            class_path(JARS),
            port,
            controller,
            name=name,
            cluster=id_,
            more=more,
        )
        await cluster.exits[number - 1].enter_async_context(running(program, folder / name))

    try:
        # All at once: a broker does not answer before it has a quorum.
        await asyncio.gather(
            *(start(number, *places) for number, places in enumerate(zip(ports, controllers, strict=True), 1))
        )
        yield cluster
    finally:
        await asyncio.gather(*(each.aclose() for each in cluster.exits))
