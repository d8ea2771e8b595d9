"""The ledger over HTTP: for operators' systems only; the metrics for anybody inside."""

import pytest

from services.tracker.personal_data.keyring import Keyring
from shared.database.engine import Sessions
from tests.service.tracker.api_client import ApiClient
from tests.service.tracker.database import register_one
from tests.service.tracker.ledger_builders import make_older


@pytest.mark.usefixtures("readers_caught_up")
async def test_the_ledger_names_what_is_overdue(api: ApiClient, sessions: Sessions, keyring: Keyring) -> None:
    request_id = await register_one(sessions, keyring)
    await make_older(sessions, 61)
    told = (await api.get("/api/v1/ledger", "operate")).raise_for_status().json()
    assert (
        told["accepted"],
        told["numbered"],
        told["receipted"],
        told["receipts_waiting"],
        told["resolved"],
    ) == (1, 1, 0, 1, 0)
    assert {
        each["reason"]: [late["request_id"] for late in each["requests"]] for each in told["overdue"]
    } == {
        "no-receipt": [str(request_id)],
        "unpublished": [str(request_id)],
    }
    metrics = await api.client.get("/metrics")
    assert 'asiointi_overdue{reason="no-receipt"} 1.0' in metrics.text
    assert metrics.headers["Content-Type"].startswith("text/plain")


async def test_the_ledger_needs_the_operators_scope(api: ApiClient) -> None:
    assert (await api.get("/api/v1/ledger", "requests:read")).status_code == 403
    assert (await api.client.get("/api/v1/ledger")).status_code == 401
