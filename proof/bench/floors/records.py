"""What the floors share: settings, request bodies, records, and their Kafka clients."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from typing import Annotated, Literal
from uuid import UUID

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, ConsumerRecord
from pydantic import BaseModel, ConfigDict, StringConstraints

from shared.crypto.sealing import generate_private_key
from shared.kafka.connection import KafkaConnection

SUBMITTED, LIFECYCLE, BARE = "submitted", "lifecycle", "bare"
MOST = 500
"""Records per poll, and rows per transaction."""
Filled = Annotated[str, StringConstraints(min_length=1, max_length=200)]


@dataclass(frozen=True)
class FloorSettings:
    """The settings of one bare pipeline; its topics and groups begin with `name`."""

    name: str
    kafka: KafkaConnection
    database: str
    port: int
    smtp_port: int
    tracker_key: str = field(default_factory=generate_private_key)
    notifier_key: str = field(default_factory=generate_private_key)

    def topic(self, what: str) -> str:
        """Return the name of a topic of this pipeline."""
        return f"{self.name}_{what}"


class Form(BaseModel):
    """The form of `pyyda-laskukopio`."""

    model_config = ConfigDict(extra="forbid")

    first_name: Filled
    last_name: Filled
    personal_identity_code: Annotated[str, StringConstraints(pattern=r"^\d{6}[-+A-F]\d{3}[0-9A-Y]$")]
    email: Annotated[str, StringConstraints(pattern=r"^[^@\s]+@[^@\s]+$", max_length=200)]
    phone: Filled
    invoice_subject: Filled
    delivery: Literal["sahkoposti", "kirje"]
    invoice_number: str = ""
    further_information: str = ""


class NewRequest(BaseModel):
    """The body of a submission."""

    model_config = ConfigDict(extra="forbid")

    service: Filled
    language: Literal["fi", "sv", "en"]
    form: Form


class Resolution(BaseModel):
    """The body of a resolution."""

    text: Annotated[str, StringConstraints(min_length=1, max_length=10_000)]


class Submitted(BaseModel):
    """From intake to tracker; `form` and `contact` (the mail's address) are sealed."""

    request_id: UUID
    service: str
    language: str
    form: str
    contact: str


class Mailed(BaseModel):
    """From tracker to notifier: a request got its number or, with a sealed `text`, its resolution."""

    request_id: UUID
    number: int
    contact: str
    text: str | None = None


def producer(kafka: KafkaConnection) -> AIOKafkaProducer:
    """Return a producer with the product's guarantees: idempotent, all acks."""
    return AIOKafkaProducer(**kafka.client_options(), acks="all", enable_idempotence=True)


async def batches(
    settings: FloorSettings, what: str
) -> AsyncIterator[Sequence["ConsumerRecord[bytes, bytes]"]]:
    """Join a group and yield polled batches for ever; offsets are committed after each batch."""
    topic, options = settings.topic(what), settings.kafka.client_options()
    async with AIOKafkaConsumer(
        topic, **options, group_id=topic, enable_auto_commit=False, auto_offset_reset="earliest"
    ) as consumer:
        while True:
            polled = await consumer.getmany(timeout_ms=1_000, max_records=MOST)
            if polled:
                yield [record for records in polled.values() for record in records]
                await consumer.commit(
                    {partition: records[-1].offset + 1 for partition, records in polled.items()}
                )
