"""What a floor program reads from its environment (prefix `FLOOR_`, and Kafka's settings), and the topics and tables that it uses."""

import base64
from collections.abc import Mapping
from dataclasses import dataclass

import asyncpg

from proof.bench.floors.sample_mail import sample_mail
from shared.crypto.sealing import generate_private_key, public_key_of
from shared.events.topics import DAY_MS, Topic
from shared.kafka.connection import KafkaConnection
from shared.kafka.settings import KafkaSettings, environment_of
from shared.kafka.topics import ensure_topics

SUBMITTED, LIFECYCLE, BARE = "bench_submitted", "bench_lifecycle", "bench_endpoint"
TOPICS = tuple(Topic(name, 6, DAY_MS) for name in (SUBMITTED, LIFECYCLE, BARE))
CONNECTIONS = 8
MOST = 500

TABLES = """
create table bench_requests (
    request_id uuid primary key, number bigint generated always as identity, service text not null, language text not null, form text not null,
    contact text not null, registered_at timestamptz not null default now()
);
create table bench_history (id bigint generated always as identity primary key, request_id uuid not null, value bytea, published_at timestamptz);
create index bench_history_unpublished on bench_history (id) where value is not null;
create table bench_deliveries (request_id uuid primary key, email text not null, written_at timestamptz not null default now());
"""


@dataclass(frozen=True)
class FloorSettings:
    """Where the servers are, the keys, and the mail's ready bytes."""

    kafka: KafkaConnection
    database: str
    smtp_port: int
    tracker_key: str
    notifier_key: str
    mail: bytes

    def environment(self) -> dict[str, str]:
        """Give it as a program's environment."""
        return {
            **environment_of(self.kafka),
            "FLOOR_DATABASE": self.database,
            "FLOOR_SMTP_PORT": str(self.smtp_port),
            "FLOOR_TRACKER_KEY": self.tracker_key,
            "FLOOR_NOTIFIER_KEY": self.notifier_key,
            "FLOOR_MAIL": base64.b64encode(self.mail).decode(),
        }

    @classmethod
    def read(cls, environment: Mapping[str, str]) -> "FloorSettings":
        """Read it back; raises `KeyError` naming what is missing."""
        return cls(
            kafka=KafkaSettings.model_validate(dict(environment)).kafka_connection,
            database=environment["FLOOR_DATABASE"],
            smtp_port=int(environment["FLOOR_SMTP_PORT"]),
            tracker_key=environment["FLOOR_TRACKER_KEY"],
            notifier_key=environment["FLOOR_NOTIFIER_KEY"],
            mail=base64.b64decode(environment["FLOOR_MAIL"]),
        )

    @property
    def sealed_to(self) -> tuple[str, str]:
        """Give the public keys that the form and the contact are sealed to."""
        return public_key_of(self.tracker_key), public_key_of(self.notifier_key)


async def prepare(kafka: KafkaConnection, database: str, smtp_port: int) -> FloorSettings:
    """Make the topics, the tables in an empty `database`, and keys."""
    await ensure_topics(kafka, TOPICS)
    connection = await asyncpg.connect(database)
    try:
        await connection.execute(TABLES)
    finally:
        await connection.close()
    return FloorSettings(kafka, database, smtp_port, generate_private_key(), generate_private_key(), sample_mail())
