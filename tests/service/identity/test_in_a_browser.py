"""The pages in a real browser: usable by everybody, on a phone, in the dark, without JavaScript.

And the way back is not blocked.
"""

from urllib.parse import urlencode

import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Browser, Page

from tests.service.identity.conftest import CALLBACK, CONSOLE_CALLBACK, Running
from tests.service.identity.http_browser import HttpBrowser, query_parameters

pytestmark = pytest.mark.browser


async def address(identity: Running, **changed: str) -> str:
    async with HttpBrowser(identity) as walker:
        return f"{identity.issuer}/authorize?{urlencode(walker.asked(**changed))}"


async def check(page: Page, name: str) -> None:
    """Find nothing that axe-core objects to, and nothing wider than the screen."""
    found = await Axe().run(page)
    assert found.violations_count == 0, f"{name}: {found.generate_report()}"
    wider = await page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    assert wider <= 0, f"{name} is {wider} px too wide"


@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (375, "light"), (320, "dark")])
@pytest.mark.parametrize("bank", ["op", "handelsbanken"])
async def test_every_page_is_accessible_and_fits(
    identity: Running, browser: Browser, width: int, scheme: str, bank: str
) -> None:
    context = await browser.new_context(
        viewport={"width": width, "height": 800}, color_scheme="dark" if scheme == "dark" else "light"
    )
    page = await context.new_page()
    await page.goto(await address(identity))
    await check(page, "chooser")
    await page.click(f".bank-{bank} button")
    await check(page, "bank login")
    user_id, password, code = ("123456", "7890", "1234") if bank == "op" else ("11111111", "123456", "123456")
    await page.fill("[name=user_id]", user_id)
    await page.fill("[name=password]", "wrong")
    await page.click("[value=password]")
    await check(page, "bank login, wrong")
    await page.fill("[name=password]", password)
    await page.click("[value=password]")
    await check(page, "code")
    await page.fill("[name=code]", code)
    await page.click("[value=code]")
    await check(page, "consent")
    await page.goto(f"{identity.issuer}/tupas/return")
    await check(page, "refused")
    await page.goto(await address(identity, client_id="console", redirect_uri=CONSOLE_CALLBACK))
    await check(page, "staff login")
    await page.click("form button")
    await check(page, "staff login, wrong")
    await context.close()


@pytest.mark.parametrize("bank", ["op", "danske"])
async def test_a_citizen_gets_through_without_javascript(
    identity: Running, browser: Browser, bank: str
) -> None:
    context = await browser.new_context(java_script_enabled=False)
    page = await context.new_page()
    await page.goto(await address(identity))
    await page.click(f".bank-{bank} button")
    await page.fill("[name=user_id]", "123456" if bank == "op" else "34567890")
    await page.fill("[name=password]", "7890" if bank == "op" else "4321")
    await page.click("[value=password]")
    await page.fill("[name=code]", "1234")
    await page.click("[value=code]")
    if bank == "danske":
        await page.click("[value=consent]")
    async with page.expect_request(lambda request: request.url.startswith(CALLBACK)) as back:
        await page.click("form button >> nth=0")
    told = await back.value
    assert "code" in query_parameters(told.url)
    assert "B02K" not in told.url
    assert "referer" not in await told.all_headers()
    await context.close()


async def test_a_cancel_at_the_bank_leads_back_to_the_client(identity: Running, browser: Browser) -> None:
    context = await browser.new_context()
    page = await context.new_page()
    await page.goto(await address(identity))
    await page.click(".bank-aktia button")
    async with page.expect_request(lambda request: request.url.startswith(CALLBACK)) as back:
        await page.click("[value=cancel]")
    assert query_parameters((await back.value).url)["error"] == "access_denied"
    await context.close()
