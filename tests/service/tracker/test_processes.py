"""The processes as they run.

Killed where it hurts they lose and double nothing, and they write no personal data.
"""

import asyncio
import signal
from pathlib import Path
from uuid import UUID

import httpx
import pytest

from shared.database.engine import Sessions
from shared.events.topics import SUBMITTED
from shared.kafka.connection import KafkaConnection
from shared.kafka.producer import EventProducer
from tests.eventually import eventually
from tests.infra.embedded import free_ports
from tests.infra.issuer import Issuer
from tests.service.tracker.builders import HETU, make_settings, signed, submission
from tests.service.tracker.database import fetch_rows
from tests.service.tracker.processes import APP, WORKER, process
from tests.service.tracker.published_events import published_events

SECONDS = 40
SCOPES = ("requests:read", "requests:write", "requests:status")


async def published_all(sessions: Sessions, *request_ids: UUID) -> bool:
    found = await fetch_rows(
        sessions,
        "select request_id from history where published_at is not null and request_id = any(:ids)",
        ids=list(request_ids),
    )
    return {row.request_id for row in found} == set(request_ids)


@pytest.mark.parametrize("point", ["tracker.submitted.after-database-commit", "tracker.relay.after-ack"])
async def test_killed_after_the_commit_a_worker_gives_no_second_number(
    point: str,
    sessions: Sessions,
    tracker_database: str,
    kafka: KafkaConnection,
    producer: EventProducer,
    tmp_path: Path,
) -> None:
    settings, log = (
        make_settings(tracker_database, kafka, liveness_file=str(tmp_path / "alive")),
        tmp_path / "worker.log",
    )
    (tmp_path / point).touch()
    sent = [submission() for _ in range(20)]
    ids = [each.event.request_id for each in sent]
    await producer.send_all(SUBMITTED, map(signed, sent))
    async with process(WORKER, settings, log, CRASH_POINTS=str(tmp_path)) as first:
        async with asyncio.timeout(SECONDS):
            assert await first.wait() == -signal.SIGKILL
    before = {
        row.request_id: row.work_number
        for row in await fetch_rows(sessions, "select request_id, work_number from requests")
    }
    async with process(WORKER, settings, log) as second:
        await eventually(lambda: published_all(sessions, *ids), SECONDS)
        await eventually(lambda: asyncio.sleep(0, (tmp_path / "alive").exists()))
        second.terminate()
        assert await second.wait() == 0
    after = {
        row.request_id: row.work_number
        for row in await fetch_rows(sessions, "select request_id, work_number from requests")
    }
    assert set(ids) & set(before)
    assert before.items() <= after.items()
    assert len(set(after.values())) == len(after)
    for request_id in ids:
        events = await published_events(kafka, request_id)
        assert len({each.id for each in events}) == 1, "a repeat has the same id"


async def test_no_log_line_holds_personal_data(
    sessions: Sessions,
    tracker_database: str,
    kafka: KafkaConnection,
    producer: EventProducer,
    issuer: Issuer,
    tmp_path: Path,
) -> None:
    (port,), log = free_ports(1), tmp_path / "both.log"
    settings = make_settings(tracker_database, kafka, oidc_issuer=issuer.address)
    first = submission()
    request_id = first.event.request_id
    poison = submission(person={"first_name": "Mat\x00ti"})
    async with (
        process(WORKER, settings, log),
        process((*APP, str(port)), settings, log),
        httpx.AsyncClient(
            base_url=f"http://127.0.0.1:{port}", headers={"Authorization": f"Bearer {issuer.token(*SCOPES)}"}
        ) as client,
    ):
        await producer.send_all(
            SUBMITTED, map(signed, (first, submission(request_id, digest="other"), poison, submission()))
        )
        await eventually(lambda: published_all(sessions, request_id), SECONDS)
        await eventually(lambda: client.get("/healthz"), SECONDS)
        assert (await client.post("/api/v1/requests/search", json={"q": HETU})).json()["requests"]
        assert (
            await client.post(
                "/api/v1/status", json={"work_number": "1", "email": "matti.meikalainen@example.fi"}
            )
        ).status_code == 422
        text = (
            await client.post(f"/api/v1/requests/{request_id}/resolve", json={"text": "Matti Meikäläinen"})
        ).text
        assert "resolved" in text
        async with sessions.begin() as session:
            await (await session.connection()).exec_driver_sql(
                "update requests set personal_code = substring(personal_code for 20)"
            )
        assert (await client.get(f"/api/v1/requests/{request_id}")).status_code == 500
    out = log.read_text().casefold()
    for event in (
        "worker_started",
        "duplicate_with_other_body",
        "dead_letter",
        "unexpected_error",
        "request_handled",
    ):
        assert event in out
    for secret in (HETU, "131052", "meikäläinen", "matti", "meikalainen@", "+358401234567"):
        assert secret.casefold() not in out
