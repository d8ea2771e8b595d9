"""The guide's journey in a real browser: from the front page to the resolution, as a citizen walks it."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import httpx
import pytest

from tests.journey.client import Addresses, fresh_address, resolve, text_of, wait_for_mails

if TYPE_CHECKING:
    from playwright.async_api import Browser, BrowserContext, Page

pytestmark = pytest.mark.browser

ANNA, VAINO = "123456", "234567"
NUMBER = re.compile(r"\d{3} \d{3} \d{3,4}")
RESOLUTION = "Todistus on lähetetty sinulle turvapostina."
OWN_FIELDS = {
    "Tilaa palkkatodistus": {
        "employer": "Mallilan kunta",
        "period_start": "2026-01",
        "period_end": "2026-06",
        "purpose": "pankki",
        "delivery": "kirje",
    },
    "Pyydä laskukopio": {
        "invoice_number": "20261124-7",
        "invoice_subject": "Päivähoitomaksu",
        "delivery": "kirje",
    },
}


@pytest.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(timeout=30) as client:
        yield client


@asynccontextmanager
async def visitor(
    browser: "Browser", *, width: int = 1280, scripts: bool = True
) -> "AsyncIterator[BrowserContext]":
    context = await browser.new_context(
        viewport={"width": width, "height": 900}, java_script_enabled=scripts, locale="fi-FI"
    )
    context.set_default_timeout(20_000)
    yield context
    await context.close()


async def choose(context: "BrowserContext", stack: Addresses, service: str) -> "Page":
    """Walk from the front page over the role and the menu to the form, which opens in a tab of its own."""
    page = await context.new_page()
    await page.goto(stack["site"])
    links = await page.locator("main a").all_inner_texts()
    for quick_link in (
        "Tilaa palkkatodistus",
        "Kysy tai ilmoita laskuun liittyen",
        "Tilaa palvelusuhdetodistus",
        "Verokorttiasiat",
        "Kysy palkanmaksusta",
    ):
        assert any(quick_link in link for link in links), quick_link
    await page.click("header >> text=Asiakaspalvelu")
    await page.click("main >> text=Yksityishenkilöt >> nth=0")
    for column in ("Laskut", "Palkat ja työsuhde", "Online palvelu"):
        assert await page.get_by_role("heading", name=column).is_visible()
    async with context.expect_page() as opened:
        await page.get_by_role("link", name=service).first.click()
    form = await opened.value
    await form.wait_for_load_state()
    return form


async def identify_with_op(page: "Page", user_id: str = ANNA) -> None:
    await page.click(".bank-op button")
    await page.fill("[name=user_id]", user_id)
    await page.fill("[name=password]", "7890")
    await page.click("[value=password]")
    await page.fill("[name=code]", "1234")
    await page.click("[value=code]")
    await page.click("[value=consent]")
    await page.wait_for_selector("button.send")


async def fill_in(page: "Page", values: dict[str, str]) -> None:
    for name, value in values.items():
        field = page.locator(f"[name={name}]").first
        kind = await field.evaluate("element => element.type || element.tagName")
        if kind == "select-one":
            await field.select_option(value)
        elif kind == "radio":
            await page.check(f"[name={name}][value={value}]")
        else:
            await field.fill(value)


async def send(page: "Page") -> str:
    """Press LÄHETÄ; return the work number as it stands on the thank-you page."""
    await page.get_by_role("button", name="LÄHETÄ").click()
    await page.wait_for_url("**/kiitos/**")
    await page.locator("#ticket").get_by_text(NUMBER).wait_for()
    found = NUMBER.search(await page.inner_text("main"))
    assert found
    return found[0]


async def follow(page: "Page", stack: Addresses, number: str, address: str) -> str:
    await page.goto(stack["site"])
    await page.fill("main form input", number)
    await page.get_by_role("button", name="Seuraa").click()
    await page.fill("input[type=email]", address)
    await page.click("main form button[type=submit] >> nth=0")
    await page.wait_for_load_state()
    return await page.inner_text("main")


@pytest.mark.parametrize("width", [1280, 375])
async def test_a_pay_certificate_from_the_front_page_to_the_resolution(
    stack: Addresses, client: httpx.AsyncClient, browser: "Browser", width: int
) -> None:
    address = fresh_address()
    async with visitor(browser, width=width) as context:
        page = await choose(context, stack, "Tilaa palkkatodistus")
        await identify_with_op(page)
        told = await page.inner_text("main")
        assert "Anna" in told
        assert "Testi" in told
        assert "9984" not in told
        await fill_in(page, {"email": address, "phone": "040 123 4567", **OWN_FIELDS["Tilaa palkkatodistus"]})
        number = await send(page)
        (receipt,) = await wait_for_mails(client, stack, address, 1)
        assert number in text_of(receipt)
        answer = await resolve(client, stack, number.replace(" ", ""), RESOLUTION)
        assert answer.status_code == 200, answer.text
        _, resolution = await wait_for_mails(client, stack, address, 2)
        assert RESOLUTION in text_of(resolution)
        status = await follow(page, stack, number, address)
        assert number in status
        assert RESOLUTION in status
        link = re.search(r"https?://\S+/fi/seuraa/\S+", text_of(resolution))
        assert link
        await page.goto(link[0])
        assert RESOLUTION in await page.inner_text("main")


async def test_an_invoice_copy_asks_for_no_bank_and_keeps_what_was_typed(
    stack: Addresses, client: httpx.AsyncClient, browser: "Browser"
) -> None:
    address = fresh_address()
    async with visitor(browser) as context:
        page = await choose(context, stack, "Pyydä laskukopio")
        person = {
            "first_name": "Anna",
            "last_name": "Testi",
            "personal_identity_code": "131052308T",
            "email": address,
            "phone": "040 123 4567",
        }
        await fill_in(page, person | OWN_FIELDS["Pyydä laskukopio"])
        await page.get_by_role("button", name="LÄHETÄ").click()
        await page.wait_for_selector(".error-summary")
        assert "viiva" in await page.inner_text(".error-summary")
        assert await page.input_value("[name=email]") == address
        await page.fill("[name=personal_identity_code]", "131052-308T")
        number = await send(page)
    (receipt,) = await wait_for_mails(client, stack, address, 1)
    assert number in text_of(receipt)


async def test_a_form_of_annas_goes_as_annas_whoever_identifies_in_another_tab(
    stack: Addresses, client: httpx.AsyncClient, remembering_browser: "Browser"
) -> None:
    address = fresh_address()
    typed = {"email": address, "phone": "040 123 4567", **OWN_FIELDS["Tilaa palkkatodistus"]}
    async with visitor(remembering_browser) as context:
        annas = await choose(context, stack, "Tilaa palkkatodistus")
        vainos = await choose(context, stack, "Tilaa palkkatodistus")
        await identify_with_op(annas, ANNA)
        await fill_in(annas, typed)
        await identify_with_op(vainos, VAINO)
        assert "Väinö" in await vainos.inner_text("main")
        await annas.get_by_role("button", name="LÄHETÄ").click()
        await annas.get_by_role("heading", name="Tämä lomake avattiin toiselle henkilölle").wait_for()
        assert "Väinö" not in await annas.inner_text("main")
        assert await annas.input_value("[name=employer]") == typed["employer"]
        async with context.expect_page() as opened:
            await annas.get_by_role("link", name="Tunnistaudu uudelleen").click()
        await identify_with_op(await opened.value, ANNA)
        number = await send(annas)
    (receipt,) = await wait_for_mails(client, stack, address, 1)
    assert number in text_of(receipt)
    assert "Anna" in text_of(receipt)


async def test_without_scripts_the_number_appears_by_itself_too(
    stack: Addresses, client: httpx.AsyncClient, browser: "Browser"
) -> None:
    address = fresh_address()
    async with visitor(browser, scripts=False, width=375) as context:
        page = await choose(context, stack, "Pyydä laskukopio")
        person = {
            "first_name": "Anna",
            "last_name": "Testi",
            "personal_identity_code": "131052-308T",
            "email": address,
            "phone": "040 123 4567",
        }
        await fill_in(page, person | OWN_FIELDS["Pyydä laskukopio"])
        await page.get_by_role("button", name="LÄHETÄ").click()
        await page.wait_for_url("**/kiitos/**")
        await page.locator("#ticket").get_by_text(NUMBER).wait_for()
    await wait_for_mails(client, stack, address, 1)
