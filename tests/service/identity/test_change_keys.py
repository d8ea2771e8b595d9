"""The session key changes while citizens are on their way: who began under the old one ends under the new."""

import base64
from contextlib import AsyncExitStack

from pydantic import SecretStr

from services.identity.settings import Settings
from tests.infra.embedded import free_ports
from tests.service.identity.conftest import serving, settings_for
from tests.service.identity.http_browser import HttpBrowser, query_parameters

OLD, NEW = (base64.urlsafe_b64encode(letter * 32).decode() for letter in (b"o", b"n"))


async def test_a_handshake_and_claims_under_the_old_key_end_under_the_new_one(identity_database: str) -> None:
    (port,) = free_ports(1)
    settings = settings_for(f"http://127.0.0.1:{port}", identity_database)

    def under(*keys: str) -> Settings:
        return settings.model_copy(update={"session_key": SecretStr(",".join(keys))})

    async with AsyncExitStack() as browsers:
        async with serving(under(OLD)) as identity:
            at_the_bank, identified, too_late = [
                await browsers.enter_async_context(HttpBrowser(identity)) for _ in range(3)
            ]
            way_back, code, late_code = (
                await at_the_bank.answer(),
                await identified.code(),
                await too_late.code(),
            )
        async with serving(under(NEW, OLD)), HttpBrowser(identity) as later:
            its_code = query_parameters((await at_the_bank.http.get(way_back)).headers["Location"])["code"]
            subjects = [
                await subject(identified, code),
                await subject(at_the_bank, its_code),
                await subject(later, await later.code()),
            ]
            assert len(set(subjects)) == 1, "a new key gives nobody another pseudonym"
        async with serving(under(NEW)):
            answer = await too_late.fetch(late_code)
            assert (answer.status_code, answer.json()["error"]) == (400, "invalid_grant")


async def subject(browser: HttpBrowser, code: str) -> str:
    """Redeem a code and give who it is about."""
    return str((await browser.claims((await browser.fetch(code)).json()["id_token"]))["sub"])
