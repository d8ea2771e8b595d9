"""The site in a real browser: sound for a screen reader, on a phone, in the dark, and without JavaScript."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from uuid import UUID

import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Browser, BrowserContext, Page, Route, expect

from services.intake.app import create_app
from services.intake.follow_numbers import Numbers, Progress
from shared.kafka.connection import KafkaConnection
from shared.work_number import grouped
from tests.infra.serving import free_socket, serving
from tests.service.intake.forms import ANSWERS, PERSON
from tests.service.intake.running import make_settings

pytestmark = pytest.mark.browser

NUMBER = "482913053"
PAGES = ["", "asiakaspalvelu", "palvelut/yritys", "ukk", "tietosuoja", "palvelun-tila", "seuraa", "pyynto/pyyda-laskukopio", "nothing"]
RULES = {"runOnly": {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}}


@dataclass(frozen=True)
class Served:
    """An intake that a browser can reach."""

    address: str
    numbers: Numbers

    def register(self, request_id: str) -> None:
        """Let the lifecycle tell the number."""
        now = datetime.now(timezone.utc)
        self.numbers.told(UUID(request_id), Progress(NUMBER, "received", now, now + timedelta(days=2), "Pyydä laskukopio"), now)


@pytest.fixture
async def served(kafka: KafkaConnection, intake_database: str) -> AsyncIterator[Served]:
    """Serve an intake."""
    place, address = free_socket()
    app = create_app(make_settings(kafka, intake_database, public_url=address))
    async with serving(app, place):
        yield Served(address, app.state.intake.numbers)


@asynccontextmanager
async def tab(browser: Browser, *, width: int = 1280, dark: bool = False, scripts: bool = True) -> AsyncIterator[Page]:
    """Open a tab; an error on its console fails the test."""
    context: BrowserContext = await browser.new_context(
        viewport={"width": width, "height": 800}, color_scheme="dark" if dark else "light", java_script_enabled=scripts
    )
    page = await context.new_page()
    surprises: list[str] = []
    page.on("pageerror", lambda error: surprises.append(str(error)))
    page.on("console", lambda message: surprises.append(message.text) if "Content Security Policy" in message.text else None)
    yield page
    await context.close()
    assert surprises == []


async def fill_in(page: Page, served: Served) -> None:
    """Fill in the whole form."""
    await page.goto(f"{served.address}/fi/pyynto/pyyda-laskukopio")
    for name, value in {**PERSON, "invoice_subject": ANSWERS["invoice_subject"]}.items():
        await page.fill(f"[name={name}]", value)
    await page.check("[name=delivery][value=kirje]")


NUMBER_IS_WHOLE = "(number => number.scrollWidth <= number.clientWidth)(document.querySelector('.ticket .number'))"


async def assert_sound(page: Page, name: str) -> None:
    """Let axe judge a page, and see that it does not scroll sideways."""
    violations = (await Axe().run(page, options=RULES)).response["violations"]
    assert [(name, fault["id"], [node["html"] for node in fault["nodes"]]) for fault in violations] == []
    assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth"), name


@pytest.mark.parametrize(("width", "dark"), [(1280, False), (375, True), (320, False)])
async def test_every_page_is_sound_on_wide_and_narrow_screens_light_and_dark(served: Served, browser: Browser, width: int, dark: bool) -> None:  # noqa: FBT001
    async with tab(browser, width=width, dark=dark) as page:
        for path in PAGES:
            await page.goto(f"{served.address}/fi/{path}")
            await assert_sound(page, path)


async def test_errors_take_the_focus_and_each_leads_to_its_field(served: Served, browser: Browser) -> None:
    async with tab(browser) as page:
        await fill_in(page, served)
        await page.fill("[name=personal_identity_code]", "131052308T")
        await page.click("button.send")
        await expect(page.locator(".error-summary")).to_be_focused()
        await assert_sound(page, "errors")
        await page.click(".error-summary a")
        await expect(page.locator("[name=personal_identity_code]")).to_be_focused()
        await expect(page.locator("[name=email]")).to_have_value(PERSON["email"])
        await expect(page.locator("[name=delivery][value=kirje]")).to_be_checked()


async def test_a_double_click_sends_once_and_the_number_appears_by_itself(served: Served, browser: Browser) -> None:
    async with tab(browser) as page:
        await fill_in(page, served)
        await page.dblclick("button.send")
        await page.wait_for_url("**/kiitos/*")
        await expect(page.locator(".awaited")).to_be_visible()
        served.register(page.url.rsplit("/", 1)[1])
        await expect(page.locator(".ticket .number")).to_have_text(grouped(NUMBER))
        await expect(page.get_by_role("status")).to_have_text(f"Työnumerosi on {grouped(NUMBER)}")
        await expect(page.get_by_role("button", name="Tulosta")).to_be_visible()
        await assert_sound(page, "thanks")
        await page.set_viewport_size({"width": 320, "height": 640})
        for number in (NUMBER, "4829130577"):
            await page.evaluate("number => { document.querySelector('.ticket .number').textContent = number }", grouped(number))
            assert await page.evaluate(NUMBER_IS_WHOLE), number


async def test_a_sending_that_was_stopped_can_be_tried_again(served: Served, browser: Browser) -> None:
    async with tab(browser) as page:
        stopped: list[Route] = []

        async def stop_the_first(route: Route) -> None:
            if route.request.method == "POST" and not stopped:
                stopped.append(route)
                # The browser stays where it is, as after its button for stopping.
                await route.fulfill(status=204)
            else:
                await route.continue_()

        await fill_in(page, served)
        await page.route("**/pyynto/*", stop_the_first)
        send = page.locator("button.send")
        label = await send.inner_text()
        await send.click(no_wait_after=True)
        await expect(send).to_have_attribute("aria-disabled", "true")
        await page.keyboard.press("Escape")
        await expect(send).to_have_text(label, use_inner_text=True)
        await send.click()
        await page.wait_for_url("**/kiitos/*")


async def test_what_was_typed_is_there_after_back_from_the_browsers_memory(served: Served, remembering_browser: Browser) -> None:
    async with tab(remembering_browser) as page:
        await fill_in(page, served)
        await page.click("footer a[href$=tietosuoja]")
        await page.wait_for_url("**/tietosuoja")
        # Playwright's own way back waits for a page that is loaded anew.
        await page.evaluate("history.back()")
        await page.wait_for_url("**/pyynto/*", wait_until="commit")
        for name, value in {**PERSON, "invoice_subject": ANSWERS["invoice_subject"]}.items():
            await expect(page.locator(f"[name={name}]")).to_have_value(value)
        await page.click("button.send")
        await page.wait_for_url("**/kiitos/*")


async def test_without_javascript_the_form_is_sent_and_the_page_asks_again_until_the_number_is_there(served: Served, browser: Browser) -> None:
    async with tab(browser, scripts=False) as page:
        await fill_in(page, served)
        await page.click("button.send")
        await page.wait_for_url("**/kiitos/*")
        await expect(page.locator(".awaited")).to_be_visible()
        await expect(page.locator("[data-print]")).to_be_hidden()
        served.register(page.url.rsplit("/", 1)[1])
        await expect(page.locator(".ticket .number")).to_have_text(grouped(NUMBER))


async def test_a_form_opens_in_a_new_tab_and_the_page_stays(served: Served, browser: Browser) -> None:
    async with tab(browser) as page:
        await page.goto(f"{served.address}/fi/palvelut/yksityishenkilo")
        async with page.context.expect_page() as opened:
            await page.get_by_role("link", name="Pyydä laskukopio").click()
        form = await opened.value
        await asyncio.wait_for(form.wait_for_url("**/pyynto/pyyda-laskukopio"), 5)
        assert page.url.endswith("/palvelut/yksityishenkilo")
