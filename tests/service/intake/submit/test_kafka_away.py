"""While Kafka is away requests are kept in the spool; only with both away is anybody refused."""

import time
from collections import defaultdict
from collections.abc import AsyncIterator
from itertools import pairwise
from urllib.parse import urlsplit

import asyncpg
import pytest
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType

from shared.events.topics import SUBMITTED
from shared.kafka.connection import KafkaConnection
from tests.eventually import eventually
from tests.infra.cut_line import cut_line
from tests.infra.embedded import free_ports
from tests.service.intake.own_kafka import OwnKafka, own_kafka
from tests.service.intake.published_records import records_of
from tests.service.intake.request_bodies import IN_CLEAR, invoice_copy
from tests.service.intake.running_intake import Running, make_settings, running_intake


@pytest.fixture(scope="module")
async def broker(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[OwnKafka]:
    async with own_kafka(tmp_path_factory.mktemp("own-kafka")) as running:
        yield running


@pytest.fixture
async def dsn_of_nobody() -> str:
    (port,) = free_ports(1)
    return f"postgresql://nobody:secret@127.0.0.1:{port}/nobody"


async def spooled(dsn: str) -> list[asyncpg.Record]:
    connection = await asyncpg.connect(dsn)
    try:
        return list(await connection.fetch("select * from spool order by id"))
    finally:
        await connection.close()


async def parts(intake: Running) -> tuple[int, dict[str, str]]:
    answer = await intake.client.get("/readyz")
    return answer.status_code, answer.json()


async def test_requests_are_spooled_while_kafka_is_away_and_published_in_order_once_it_is_back(
    broker: OwnKafka, intake_database: str
) -> None:
    await broker.start()
    async with running_intake(
        make_settings(broker.connection, intake_database, kafka_deadline_seconds=2.0)
    ) as intake:
        before = (await intake.send(invoice_copy(), key="idempotency-key-before")).json()["request_id"]
        await broker.kill()
        first = await intake.send(invoice_copy(), key="idempotency-key-0")
        assert first.status_code == 202
        began = time.monotonic()
        answers = [
            await intake.send(invoice_copy(), key=f"idempotency-key-{number}") for number in range(1, 12)
        ]
        assert time.monotonic() - began < 11, "each would wait for two seconds"
        assert {answer.status_code for answer in answers} == {202}
        ids = [answer.json()["request_id"] for answer in (first, *answers)]
        assert await parts(intake) == (200, {"kafka": "away", "database": "ok"})
        rows = await spooled(intake_database)
        assert [str(row["request_id"]) for row in rows] == ids
        assert [text for text in IN_CLEAR if any(text.encode() in row["value"] for row in rows)] == []
        told = await intake.client.get(f"/api/v1/requests/{ids[5]}")
        assert told.json() == {"request_id": ids[5], "work_number": None, "state": "accepted"}

        assert (await intake.send(invoice_copy(), key="idempotency-key-3")).json()["request_id"] == ids[3]
        assert (
            await intake.send(invoice_copy(first_name="Eino"), key="idempotency-key-3")
        ).status_code == 409
        assert len(await spooled(intake_database)) == len(ids)

        await broker.start()

        async def published() -> bool:
            return not await spooled(intake_database)

        await eventually(published, 60)
        records = await records_of(broker.connection, [before, *ids])
        places = defaultdict(list)
        for record in records:
            assert record.key is not None
            places[record.partition].append((record.offset, record.key.decode()))
        in_order = [before, *ids]
        for place in places.values():
            kept = list(dict.fromkeys(key for _, key in sorted(place)))
            assert all(
                in_order.index(one) < in_order.index(other)
                for one, other in pairwise(kept)
                if ids[0] not in {one, other}
            )
        assert {record.key.decode() for record in records if record.key} == set(in_order)
        # The one that was on its way when the broker died may have arrived twice, under the same id; no other
        # has.
        assert len(records) <= len(in_order) + 1

        straight = await intake.send(invoice_copy(), key="idempotency-key-after")
        assert await spooled(intake_database) == []
        assert len(await records_of(broker.connection, [straight.json()["request_id"]])) == 1
        assert await parts(intake) == (200, {"kafka": "ok", "database": "ok"})


async def test_what_one_process_spooled_another_publishes_after_a_restart(
    broker: OwnKafka, intake_database: str
) -> None:
    (port,) = free_ports(1)
    settings = make_settings(
        KafkaConnection(f"127.0.0.1:{port}"), intake_database, kafka_deadline_seconds=0.3
    )
    async with running_intake(settings) as intake:
        request_id = (await intake.send(invoice_copy(), key="idempotency-key-boot")).json()["request_id"]
        assert len(await spooled(intake_database)) == 1
    await broker.start()
    async with running_intake(
        settings.model_copy(update={"kafka_bootstrap_servers": broker.connection.bootstrap_servers})
    ) as intake:
        assert (
            await intake.send(invoice_copy(first_name="Eino"), key="idempotency-key-boot")
        ).status_code == 409

        async def published() -> bool:
            return len(await records_of(broker.connection, [request_id])) == 1 and not await spooled(
                intake_database
            )

        await eventually(published, 30)


async def test_with_both_away_it_boots_refuses_with_503_and_nothing_is_accepted(dsn_of_nobody: str) -> None:
    (port,) = free_ports(1)
    async with running_intake(
        make_settings(KafkaConnection(f"127.0.0.1:{port}"), dsn_of_nobody, kafka_deadline_seconds=0.3)
    ) as intake:
        answer = await intake.send(invoice_copy(language="sv"), key="idempotency-key-nobody")
        assert answer.status_code == 422
        answer = await intake.send(invoice_copy() | {"language": "sv"}, key="idempotency-key-nobody")
        assert (answer.status_code, answer.headers["retry-after"]) == (503, "10")
        assert answer.json()["title"].startswith("Ditt ärende kunde inte tas emot")
        assert (await parts(intake)) == (503, {"kafka": "away", "database": "away"})
        assert (await intake.client.get("/healthz")).status_code == 200


async def test_with_only_the_database_away_requests_go_through(
    kafka: KafkaConnection, dsn_of_nobody: str
) -> None:
    async with running_intake(make_settings(kafka, dsn_of_nobody)) as intake:
        answer = await intake.send(invoice_copy(), key="idempotency-key-no-database")
        assert answer.status_code == 202
        assert len(await records_of(kafka, [answer.json()["request_id"]])) == 1
        assert await parts(intake) == (200, {"kafka": "ok", "database": "away"})


async def test_a_database_that_breaks_off_at_any_byte_is_told_as_away(intake_database: str) -> None:
    parts, (nobody,) = urlsplit(intake_database), free_ports(1)
    async with cut_line(parts.port or 0) as line:
        dsn = parts._replace(netloc=f"{parts.netloc.rpartition(':')[0]}:{line.port}").geturl()
        settings = make_settings(KafkaConnection(f"127.0.0.1:{nobody}"), dsn, kafka_deadline_seconds=0.1)
        async with running_intake(settings) as intake:
            told = set()
            # A connection is made after some 640 bytes, and just then a break shows itself in another way.
            for after in (*range(1, 1_200, 60), *range(610, 670)):
                line.after = after
                told.add((await intake.send(invoice_copy(), key=f"idempotency-key-{after}")).status_code)
                told.add((await intake.client.get("/readyz")).status_code)
            assert line.broken > 20
            assert told <= {200, 202, 503}
            line.after = None

            async def kept() -> None:
                assert (await intake.send(invoice_copy(), key="idempotency-key-after")).status_code == 202

            await eventually(kept)


async def test_what_kafka_refuses_for_good_is_kept_in_the_spool_and_told(
    broker: OwnKafka, intake_database: str
) -> None:
    await broker.start()
    await set_largest_record(broker.connection, 1_000)
    try:
        async with running_intake(make_settings(broker.connection, intake_database)) as intake:
            sent = await intake.send(invoice_copy(), key="idempotency-key-refused")
            assert sent.status_code == 202
            assert not intake.intake.topic.away, "a refusal is no outage"

            async def set_aside() -> None:
                (row,) = await spooled(intake_database)
                assert (str(row["request_id"]), row["refused"]) == (sent.json()["request_id"], "too-large")

            await eventually(set_aside)
    finally:
        await set_largest_record(broker.connection, 1_048_588)


async def set_largest_record(kafka: KafkaConnection, most: int) -> None:
    admin = AIOKafkaAdminClient(**kafka.client_options())
    await admin.start()
    await admin.alter_configs(
        [ConfigResource(ConfigResourceType.TOPIC, SUBMITTED, configs={"max.message.bytes": str(most)})]
    )
    await admin.close()
