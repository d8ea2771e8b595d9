"""A running stack sends itself a test request, which goes all the way and is in no figure."""

import httpx

from tests.eventually import eventually
from tests.journey.client import Addresses, back_office


async def test_the_canary_goes_from_the_form_to_the_mail(stack: Addresses) -> None:
    async with httpx.AsyncClient(timeout=30) as client:
        headers = await back_office(client, stack)

        async def arrived() -> dict[str, float]:
            ledger = (
                (await client.get(f"{stack['tracker']}/api/v1/ledger", headers=headers))
                .raise_for_status()
                .json()
            )
            assert ledger["canary"], ledger
            return dict(ledger["canary"]["seconds"])

        assert set(await eventually(arrived, 100)) >= {"answered", "numbered", "mailed"}
        found = await client.get(
            f"{stack['tracker']}/api/v1/requests", headers=headers, params={"queue": "canary"}
        )
        assert found.json()["requests"] == []
