"""Without a demonstration nobody plays a bank; in one every page says so."""

from collections.abc import Collection

from services.identity.banks import BankAgreement
from shared.demonstration import Demonstration
from tests.infra.embedded import free_ports
from tests.service.identity.conftest import serving, settings_for
from tests.service.identity.http_browser import Forms, HttpBrowser

NOTICE = 'class="demonstration"'


async def choose_page(
    database: str, allowed: Collection[Demonstration], banks: dict[str, BankAgreement]
) -> tuple[str, str, list[str], int]:
    """Return the page of banks, its policy, where its forms lead, and a simulated bank's answer."""
    (port,) = free_ports(1)
    settings = settings_for(f"http://127.0.0.1:{port}", database)
    changed = settings.model_copy(update={"demonstration": frozenset(allowed), "banks": banks})
    async with serving(changed) as running, HttpBrowser(running) as browser:
        page = await browser.authorize()
        led_to = [form.action for form in Forms(page).found]
        return (
            page.text,
            page.headers["Content-Security-Policy"],
            led_to,
            (await browser.http.get("/bank/op")).status_code,
        )


async def test_without_a_demonstration_there_is_no_simulated_bank(identity_database: str) -> None:
    text, _, led_to, simulated = await choose_page(identity_database, (), {})
    assert "Tunnistautua ei voi juuri nyt" in text
    assert (NOTICE in text, led_to, simulated) == (False, [], 404)


async def test_a_bank_that_was_agreed_on_is_asked_at_its_own_address(identity_database: str) -> None:
    op = BankAgreement.model_validate({"url": "https://bank.example/tupas", "keys": {"0007": "hush-hush"}})
    text, policy, led_to, simulated = await choose_page(identity_database, (), {"op": op})
    assert "simuloituja" not in text
    assert (led_to, simulated) == (["https://bank.example/tupas"], 404)
    assert "https://bank.example" in policy.partition("form-action")[2].split(";")[0]


async def test_every_page_of_a_demonstration_says_that_it_is_one(identity_database: str) -> None:
    text, _, led_to, simulated = await choose_page(identity_database, list(Demonstration), {})
    assert (NOTICE in text, len(led_to), simulated) == (True, 7, 400)
