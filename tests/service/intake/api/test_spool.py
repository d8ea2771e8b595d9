"""Operators' systems learn what waits in the spool; nobody else does."""

from collections.abc import AsyncIterator
from uuid import uuid4

import pytest

from shared.database.engine import connect
from shared.kafka.connection import KafkaConnection
from tests.infra.issuer import Issuer, running_issuer
from tests.service.intake.request_bodies import IN_CLEAR, invoice_copy
from tests.service.intake.running_intake import Running, make_settings, running_intake

NOBODY = KafkaConnection("127.0.0.1:9")


@pytest.fixture
async def issuer() -> AsyncIterator[Issuer]:
    async with running_issuer() as issuer:
        yield issuer


@pytest.fixture
async def without_kafka(intake_database: str, issuer: Issuer) -> AsyncIterator[Running]:
    """Return an intake whose Kafka is away."""
    settings = make_settings(NOBODY, intake_database, oidc_issuer=issuer.address, kafka_deadline_seconds=0.2)
    async with running_intake(settings) as intake:
        yield intake


def bearer(issuer: Issuer, scope: str = "operate", audience: str = "intake") -> dict[str, str]:
    return {"Authorization": f"Bearer {issuer.token(scope, aud=[audience])}"}


async def test_what_waits_is_named_oldest_first_and_says_nothing_of_anybody(
    without_kafka: Running, issuer: Issuer
) -> None:
    empty = await without_kafka.client.get("/api/v1/spool", headers=bearer(issuer))
    assert empty.json() == {"waiting": 0, "oldest_at": None, "requests": []}
    sent = [
        (await without_kafka.send(invoice_copy(), key=str(uuid4()))).json()["request_id"] for _ in range(3)
    ]
    told = (await without_kafka.client.get("/api/v1/spool", headers=bearer(issuer))).raise_for_status()
    assert [each["request_id"] for each in told.json()["requests"]] == sent
    assert (told.json()["waiting"], told.json()["oldest_at"]) == (3, told.json()["requests"][0]["spooled_at"])
    assert [text for text in IN_CLEAR if text in told.text] == []


async def test_only_a_token_for_operators_of_intake_opens_it(without_kafka: Running, issuer: Issuer) -> None:
    get = without_kafka.client.get
    assert (await get("/api/v1/spool")).status_code == 401
    assert (await get("/api/v1/spool", headers=bearer(issuer, audience="tracker"))).status_code == 401
    assert (await get("/api/v1/spool", headers=bearer(issuer, "requests:status"))).status_code == 403


async def test_what_kafka_refused_says_why_and_is_sent_again_by_an_operator(
    without_kafka: Running, issuer: Issuer, intake_database: str
) -> None:
    request_id = (await without_kafka.send(invoice_copy(), key=str(uuid4()))).json()["request_id"]
    connection = await connect(intake_database)
    await connection.execute("update spool set refused = 'too-large'")
    await connection.close()
    again, operator = f"/api/v1/spool/{request_id}/send-again", bearer(issuer)
    (told,) = (await without_kafka.client.get("/api/v1/spool", headers=operator)).json()["requests"]
    assert told["refused"] == "too-large"
    assert (await without_kafka.client.post(again)).status_code == 401
    assert [(await without_kafka.client.post(again, headers=operator)).status_code for _ in range(2)] == [
        202,
        404,
    ]
    (told,) = (await without_kafka.client.get("/api/v1/spool", headers=operator)).json()["requests"]
    assert told["refused"] is None


async def test_a_database_that_is_away_is_told(issuer: Issuer) -> None:
    settings = make_settings(
        NOBODY, f"postgresql://nobody:secret@{NOBODY.bootstrap_servers}/nobody", oidc_issuer=issuer.address
    )
    async with running_intake(settings) as intake:
        assert (await intake.client.get("/api/v1/spool", headers=bearer(issuer))).status_code == 503
