"""The canary's form is taken like any other, and is on offer nowhere."""

from shared import canary
from shared.kafka.connection import KafkaConnection
from tests.service.intake.published_records import records_of
from tests.service.intake.request_bodies import PERSON
from tests.service.intake.running_intake import make_settings, running_intake

FORM = {"service": canary.SERVICE, "language": "fi", "form": PERSON | {"run": "7"}}


async def test_its_form_is_taken_and_marked_and_listed_nowhere(
    kafka: KafkaConnection, intake_database: str
) -> None:
    async with running_intake(make_settings(kafka, intake_database)) as intake:
        answer = await intake.send(FORM, key="idempotency-key-of-a-canary")
        assert answer.status_code == 202
        (record,) = await records_of(kafka, [answer.json()["request_id"]])
        assert canary.is_canary(record.headers)
        services = (await intake.client.get("/api/v1/services")).json()
        assert canary.SERVICE not in {service["code"] for service in services}
        for path in ("/api/v1/services/canary", "/fi/pyynto/canary"):
            assert (await intake.client.get(path)).status_code == 404
        for path in ("/fi/", "/fi/palvelut"):
            assert "Koepyyntö" not in (await intake.client.get(path)).text
