"""What a stranger may do at identity, and how often."""

from collections.abc import AsyncIterator

import httpx
import pytest

from services.identity.limits import ATTEMPTS, BANK_STEPS
from tests.infra.embedded import free_ports
from tests.service.identity.conftest import CALLBACK, Running, serving, settings_for

ASKED = {
    "response_type": "code",
    "client_id": "intake",
    "redirect_uri": CALLBACK,
    "scope": "openid",
    "state": "s",
    "code_challenge": "x" * 43,
}


@pytest.fixture
async def strict(identity_database: str) -> AsyncIterator[Running]:
    """Serve with the limits as they are."""
    settings = settings_for(f"http://127.0.0.1:{free_ports(1)[0]}", identity_database)
    async with serving(settings.model_copy(update={"limits_times": 1})) as running:
        yield running


async def test_attempts_to_identify_are_begun_so_often_and_no_more(strict: Running) -> None:
    async with httpx.AsyncClient(
        base_url=strict.issuer, headers={"Accept": "text/html", "Accept-Language": "sv"}
    ) as http:
        answers = [
            await http.get("/authorize", params=ASKED | {"code_challenge_method": "S256"})
            for _ in range(ATTEMPTS.most + 1)
        ]
    assert [answer.status_code for answer in answers] == [200] * ATTEMPTS.most + [429]
    assert int(answers[-1].headers["Retry-After"]) > 0
    assert 'lang="sv"' in answers[-1].text


async def test_pages_of_a_simulated_bank_are_sent_so_often_and_no_more(strict: Running) -> None:
    async with httpx.AsyncClient(base_url=strict.issuer) as http:
        statuses = [
            (await http.post("/bank/op", content=b"A01Y_RCVID=x")).status_code
            for _ in range(BANK_STEPS.most + 1)
        ]
    assert set(statuses[:-1]).isdisjoint({429})
    assert statuses[-1] == 429
