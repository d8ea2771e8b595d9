"""The bare pipeline's body and records, and the two clients of Kafka that it needs."""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Annotated, Literal
from uuid import UUID

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from pydantic import BaseModel, ConfigDict, StringConstraints

from shared.kafka.connection import KafkaConnection

Filled = Annotated[str, StringConstraints(min_length=1, max_length=200)]


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
    """The body that clients POST."""

    model_config = ConfigDict(extra="forbid")

    service: Filled
    language: Literal["fi", "sv", "en"]
    form: Form


class Contact(BaseModel):
    """What the mail needs."""

    email: str
    first_name: str


class Submitted(BaseModel):
    """From the endpoint to the tracker."""

    request_id: UUID
    service: str
    language: str
    form: str
    contact: str


class Registered(BaseModel):
    """From the tracker to the notifier."""

    request_id: UUID
    number: int
    contact: str


@asynccontextmanager
async def producer(kafka: KafkaConnection) -> AsyncIterator[AIOKafkaProducer]:
    """Open a producer that promises what the product's promises: idempotent, all acks."""
    made = AIOKafkaProducer(**kafka.client_options(), acks="all", enable_idempotence=True)
    await made.start()
    try:
        yield made
    finally:
        await made.stop()


@asynccontextmanager
async def consumer(kafka: KafkaConnection, topic: str, group: str) -> AsyncIterator[AIOKafkaConsumer]:
    """Join a group; offsets are committed by hand, as the product does. The file `FLOOR_READY` says that it has."""
    made = AIOKafkaConsumer(topic, **kafka.client_options(), group_id=group, enable_auto_commit=False, auto_offset_reset="earliest")
    await made.start()
    try:
        _say_ready()
        yield made
    finally:
        await made.stop()


def _say_ready() -> None:
    if there := os.environ.get("FLOOR_READY"):
        Path(there).touch()
