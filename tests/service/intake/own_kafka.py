"""A broker of one's own, to be killed and started again."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from deploy.jars import class_path
from deploy.kafka import kafka_program
from deploy.program import Program, spawn, stop
from shared.kafka.connection import KafkaConnection
from shared.kafka.topics import ensure_topics
from tests.eventually import eventually
from tests.infra.embedded import JARS, START_SECONDS, free_ports


class OwnKafka:
    """One broker on a fixed port; its log of records stays over a kill."""

    def __init__(self, program: Program, folder: Path) -> None:
        self._program = program
        self._folder = folder
        self._process: asyncio.subprocess.Process | None = None

    @property
    def connection(self) -> KafkaConnection:
        """Return how it is reached."""
        return KafkaConnection(f"127.0.0.1:{self._program.ports[0]}")

    async def start(self) -> None:
        """Start it and wait until it answers; does nothing when it runs."""
        if self._process is None:
            self._process = await spawn(self._program, self._folder / "kafka.log")
            await eventually(self._program.ready, START_SECONDS)

    async def kill(self) -> None:
        """Kill it as a power cut would."""
        if self._process is not None:
            self._process.kill()
            await self._process.wait()
            self._process = None

    async def stop(self) -> None:
        """Stop it in an orderly way."""
        if self._process is not None:
            await stop(self._process, self._program)
            self._process = None


@asynccontextmanager
async def own_kafka(folder: Path) -> AsyncIterator[OwnKafka]:
    """Run a broker that has the topics, for as long as the context lasts."""
    port, controller_port = free_ports(2)
    broker = OwnKafka(kafka_program(folder, class_path(JARS), port, controller_port), folder)
    try:
        await broker.start()
        await ensure_topics(broker.connection)
        yield broker
    finally:
        await broker.stop()
