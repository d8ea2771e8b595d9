"""`./run` on a Kafka cluster of one's own that demands users."""

import os
from pathlib import Path

import httpx

from deploy.kafka_users import ADMINISTRATOR
from shared.kafka.settings import environment_of
from tests.infra.embedded import secured_kafka
from tests.infra.stack import launch, running_stack
from tests.journey.client import number_of, submit_example, wait_for_mails


async def test_a_request_gets_its_number_and_its_mail(tmp_path: Path) -> None:
    async with secured_kafka(tmp_path / "kafka") as users:
        environment = {"PATH": os.environ["PATH"], **environment_of(users[ADMINISTRATOR])}
        async with (
            running_stack(tmp_path, environment=environment) as stack,
            httpx.AsyncClient(timeout=30) as client,
        ):
            addresses = stack.addresses
            assert "kafka" not in addresses["pids"]
            request_id = await submit_example(client, addresses, "oma@esimerkki.fi")
            await number_of(client, addresses, request_id)
            await wait_for_mails(client, addresses, "oma@esimerkki.fi", 1)


async def test_wrong_settings_are_said_before_anything_starts(tmp_path: Path) -> None:
    environment = {
        "PATH": os.environ["PATH"],
        "KAFKA_BOOTSTRAP_SERVERS": "127.0.0.1:9",
        "KAFKA_SECURITY_PROTOCOL": "SASL_SSL",
    }
    stack = await launch(tmp_path, environment=environment)
    assert await stack.process.wait() == 1
    assert "KAFKA_SASL_MECHANISM" in stack.output
