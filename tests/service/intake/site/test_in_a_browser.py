"""The site in a real browser: sound for a screen reader, on a phone, in the dark, and without JavaScript."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from uuid import UUID

import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Browser, BrowserContext, Page, Route, expect

from services.intake.app import create_app
from services.intake.submit.recent_requests import Progress, RecentRequests
from shared.auth.session import CookieBox
from shared.kafka.connection import KafkaConnection
from shared.settings import all_key_bytes
from shared.text.work_number import grouped
from tests.eventually import eventually
from tests.infra.serving import free_socket, serving
from tests.service.intake.request_bodies import ANSWERS, PERSON
from tests.service.intake.running_intake import make_settings

pytestmark = pytest.mark.browser

NUMBER = "482913053"
PAGES = [
    "",
    "asiakaspalvelu",
    "palvelut/yritys",
    "ukk",
    "tietosuoja",
    "palvelun-tila",
    "seuraa",
    "pyynto/pyyda-laskukopio",
    "nothing",
]
RULES = {
    "runOnly": {
        "type": "tag",
        "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
    }
}


@dataclass(frozen=True)
class Served:
    """An intake that a browser can reach."""

    address: str
    numbers: RecentRequests
    session_keys: list[bytes]

    async def identify(self, page: Page, age: int) -> None:
        """Let the browser of a page be that of somebody who identified `age` seconds ago."""
        facts = {
            "given_name": "Anna",
            "family_name": "Testi",
            "personal_identity_code": "081181-9984",
            "authenticated_at": "2026-11-24T07:41:00Z",
        }
        held = {"identity": {"facts": facts, "since": int(time.time()) - age}}
        cookie = CookieBox(self.session_keys, "asiointi").seal(held)
        await page.context.add_cookies([{"name": "asiointi", "value": cookie, "url": self.address}])

    def register(self, request_id: str) -> None:
        """Let the lifecycle tell the number."""
        now = datetime.now(timezone.utc)
        self.numbers.note(
            UUID(request_id),
            Progress(NUMBER, "received", now, now + timedelta(days=2), "Pyydä laskukopio"),
            now,
        )


@pytest.fixture
async def served(kafka: KafkaConnection, intake_database: str) -> AsyncIterator[Served]:
    """Serve an intake."""
    place, address = free_socket()
    settings = make_settings(kafka, intake_database, public_url=address)
    app = create_app(settings)
    async with serving(app, place):
        yield Served(address, app.state.resources.recent, all_key_bytes(settings.session_key))


@asynccontextmanager
async def tab(
    browser: Browser, *, width: int = 1280, dark: bool = False, scripts: bool = True
) -> AsyncIterator[Page]:
    """Open a tab; an error on its console fails the test."""
    context: BrowserContext = await browser.new_context(
        viewport={"width": width, "height": 800},
        color_scheme="dark" if dark else "light",
        java_script_enabled=scripts,
    )
    page = await context.new_page()
    surprises: list[str] = []
    page.on("pageerror", lambda error: surprises.append(str(error)))
    page.on(
        "console",
        lambda message: surprises.append(message.text) if "Content Security Policy" in message.text else None,
    )
    yield page
    await context.close()
    assert surprises == []


async def fill_in(page: Page, served: Served) -> None:
    """Fill in the whole form."""
    await page.goto(f"{served.address}/fi/pyynto/pyyda-laskukopio")
    for name, value in {**PERSON, "invoice_subject": ANSWERS["invoice_subject"]}.items():
        await page.fill(f"[name={name}]", value)
    await page.check("[name=delivery][value=kirje]")


DIGITS_CUT = """
() => {
  const cut = [];
  for (const number of document.querySelectorAll('.number')) {
    const walker = document.createTreeWalker(number, NodeFilter.SHOW_TEXT);
    while (walker.nextNode()) {
      const text = walker.currentNode;
      for (let at = 0; at < text.length; at++) {
        const digit = document.createRange();
        digit.setStart(text, at);
        digit.setEnd(text, at + 1);
        for (let box = number; box; box = box.parentElement) {
          const { clipPath, overflowX } = getComputedStyle(box);
          const [inner, outer] = [digit.getBoundingClientRect(), box.getBoundingClientRect()];
          const clips = clipPath !== 'none' || overflowX !== 'visible';
          const hides = box === number || clips || box === document.documentElement;
          const over = inner.left < outer.left - 0.5 || inner.right > outer.right + 0.5;
          if (clipPath !== 'none' || (hides && over)) {
            cut.push(`${text.data[at]} at ${at} by ${box.className || box.tagName}`);
          }
        }
      }
    }
  }
  return cut;
}
"""
"""What of the work number lies outside a box that hides what is outside, or under a clip path."""
WIDE_FONT = (
    ":root { --figures: Wide, monospace; } .ticket .number { font-family: Wide, monospace; letter-spacing: "
    "0.35em; }"
)
OWN_DIGITS = (
    "document.fonts.ready.then(() => document.fonts.check('700 40px \"Asiointi Figures\"', '0123456789'))"
)


async def assert_sound(page: Page, name: str) -> None:
    """Let axe judge a page, and see that it does not scroll sideways."""
    violations = (await Axe().run(page, options=RULES)).response["violations"]
    assert [(name, fault["id"], [node["html"] for node in fault["nodes"]]) for fault in violations] == []
    assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth"), name


@pytest.mark.parametrize(("width", "dark"), [(1280, False), (375, True), (320, False)])
async def test_every_page_is_sound_on_wide_and_narrow_screens_light_and_dark(
    served: Served, browser: Browser, width: int, dark: bool
) -> None:
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


async def test_a_double_click_sends_once_and_the_number_appears_by_itself(
    served: Served, browser: Browser
) -> None:
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
        assert await page.evaluate(OWN_DIGITS)
        for width in (1280, 375, 320):
            await assert_number_is_whole(page, width)


async def assert_number_is_whole(page: Page, width: int) -> None:
    """See that no digit of the ticket is cut and nothing scrolls sideways.

    Nine digits and ten, in our own font and in one that is too wide.
    """
    await page.set_viewport_size({"width": width, "height": 640})
    await page.evaluate("Promise.all(document.getAnimations().map(each => each.finished))")
    for number in (NUMBER, "4829130577"):
        await page.evaluate(
            "number => { document.querySelector('.ticket .number').textContent = number }", grouped(number)
        )
        lines = (
            "(number => Math.round(number.clientHeight / parseFloat(getComputedStyle(number).lineHeight)))"
            "(document.querySelector('.ticket .number'))"
        )
        assert await page.evaluate(lines) == 1
        assert await page.evaluate(DIGITS_CUT) == []
    await page.evaluate(
        "sheet => { document.adoptedStyleSheets = [new CSSStyleSheet()]; "
        "document.adoptedStyleSheets[0].replaceSync(sheet) }",
        WIDE_FONT,
    )
    assert await page.evaluate(DIGITS_CUT) == []
    assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    await page.evaluate("document.adoptedStyleSheets = []")


TOUCHING = """() => [...document.querySelectorAll(".info > summary")].filter(summary => {
  const range = document.createRange();
  range.selectNodeContents(summary);
  const text = range.getBoundingClientRect();
  const above = summary.parentElement.previousElementSibling.getBoundingClientRect();
  const below = summary.parentElement.nextElementSibling.getBoundingClientRect();
  return text.top < above.bottom + 4 || text.bottom > below.top - 8;
}).map(summary => summary.textContent)"""


@pytest.mark.parametrize("language", ["fi", "sv", "en"])
@pytest.mark.parametrize("width", [320, 1280])
async def test_a_question_that_takes_two_lines_touches_neither_hint_nor_field(
    served: Served, browser: Browser, language: str, width: int
) -> None:
    page = await browser.new_page(viewport={"width": width, "height": 800})
    await page.goto(f"{served.address}/{language}/pyynto/pyyda-laskukopio")
    assert await page.locator(".info > summary").count() > 0
    assert await page.evaluate(TOUCHING) == []


HALO = "rgb(243, 178, 60)"


async def test_whatever_has_the_focus_has_the_berry_halo(served: Served, browser: Browser) -> None:
    async with tab(browser) as page:
        for path in ("", "asiakaspalvelu", "palvelut/yritys", "seuraa", "pyynto/pyyda-laskukopio"):
            await page.goto(f"{served.address}/fi/{path}")
            without = set()
            for _ in range(45):
                await page.keyboard.press("Tab")
                seen = await page.evaluate(
                    "(e => e && [e.outerHTML.slice(0, 60), "
                    "getComputedStyle(e).boxShadow])(document.activeElement)"
                )
                if HALO not in seen[1] and not seen[0].startswith(("<body", "<main")):
                    without.add(seen[0])
            assert without == set(), path


@pytest.mark.parametrize("width", [1280, 375])
async def test_a_link_of_the_error_summary_leaves_label_hint_and_error_in_sight(
    served: Served, browser: Browser, width: int
) -> None:
    async with tab(browser, width=width) as page:
        await page.goto(f"{served.address}/fi/pyynto/pyyda-laskukopio")
        await page.click("button.send")
        links = page.locator(".error-summary a")
        for at in range(await links.count()):
            await links.nth(at).click()
            told = (
                "[...document.activeElement.closest('.field').querySelectorAll('label, legend, .hint, "
                ".error')]"
            )
            assert (
                await page.evaluate(f"Math.min(...{told}.map(each => each.getBoundingClientRect().top))") >= 0
            ), at
            assert await page.evaluate(
                "document.activeElement.getBoundingClientRect().bottom <= innerHeight"
            ), at


async def test_long_words_of_a_title_break_with_a_hyphen_and_examples_do_not_break(
    served: Served, browser: Browser
) -> None:
    async with tab(browser, width=320) as page:
        pages = [
            "saavutettavuus",
            "palvelut/yritys",
            "pyynto/tilaa-palvelusuhdetodistus",
            "pyynto/toimittajatietojen-muutos",
            "pyynto/pyyda-laskukopio",
        ]
        for path in (f"{language}/{path}" for path in pages for language in ("fi", "sv", "en")):
            await page.goto(f"{served.address}/{path}")
            assert await page.evaluate(BROKEN_WORDS) == [], path
            split = (
                "[...document.querySelectorAll('.nowrap')].filter(e => e.getClientRects().length > 1).map(e "
                "=> e.textContent)"
            )
            assert await page.evaluate(split) == [], path


BROKEN_WORDS = """
() => {
  const title = document.querySelector('h1'), text = title?.firstChild, broken = [];
  for (let at = 1; text && at < text.length; at++) {
    const [before, after] = [at - 1, at].map(place => {
      const range = document.createRange();
      range.setStart(text, place);
      range.setEnd(text, place + 1);
      return range.getBoundingClientRect();
    });
    if (after.top > before.bottom - 5 && after.width && /\\p{L}{2}/u.test(text.data.slice(at - 1, at + 1))) {
      broken.push(text.data);
    }
  }
  return broken;
}
"""
"""Titles with a word that breaks between two letters, without a hyphen."""


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


async def test_what_was_typed_is_there_after_back_from_the_browsers_memory(
    served: Served, remembering_browser: Browser
) -> None:
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


async def typed_is_there(page: Page) -> None:
    """See that every field holds what `fill_in` typed."""
    for name, value in {**PERSON, "invoice_subject": ANSWERS["invoice_subject"]}.items():
        await expect(page.locator(f"[name={name}]")).to_have_value(value)
    await expect(page.locator("[name=delivery][value=kirje]")).to_be_checked()


@pytest.mark.parametrize("scripts", [True, False])
async def test_another_language_and_back_lose_nothing(
    served: Served, remembering_browser: Browser, scripts: bool
) -> None:
    async with tab(remembering_browser, scripts=scripts) as page:
        await fill_in(page, served)
        await page.get_by_role("button", name="På svenska").click()
        await page.wait_for_url("**/sv/pyynto/pyyda-laskukopio")
        await typed_is_there(page)
        await assert_sound(page, "restored") if scripts else None
        await page.get_by_role("button", name="In English").click()
        await page.wait_for_url("**/en/pyynto/pyyda-laskukopio")
        await typed_is_there(page)
        await page.go_back(wait_until="commit")
        await page.wait_for_url("**/sv/pyynto/pyyda-laskukopio")
        await typed_is_there(page)
        await page.click("button.send")
        await page.wait_for_url("**/sv/kiitos/*")


async def test_enter_sends_the_form_and_changes_no_language(served: Served, browser: Browser) -> None:
    async with tab(browser) as page:
        await fill_in(page, served)
        await page.press("[name=email]", "Enter")
        await page.wait_for_url("**/fi/kiitos/*")


async def test_a_closed_tab_and_a_reload_lose_nothing(served: Served, browser: Browser) -> None:
    async with tab(browser) as page:
        async with page.expect_response("**/luonnos") as kept:
            await fill_in(page, served)
        assert (await (await kept.value).json())["state"] == "kept"
        await page.fill("[name=invoice_subject]", "Viimeiset kirjaimet")
        await page.goto("about:blank")
        again = await page.context.new_page()

        async def kept_to_the_last() -> bool:
            await again.goto(f"{served.address}/fi/pyynto/pyyda-laskukopio")
            return await again.input_value("[name=invoice_subject]") == "Viimeiset kirjaimet"

        await eventually(kept_to_the_last)
        await again.reload()
        await expect(again.locator("[name=email]")).to_have_value(PERSON["email"])
        await assert_sound(again, "restored")


async def test_corrections_survive_a_link_and_back_on_a_page_with_errors(
    served: Served, remembering_browser: Browser
) -> None:
    async with tab(remembering_browser) as page:
        await fill_in(page, served)
        await page.fill("[name=personal_identity_code]", "131052308T")
        await page.click("button.send")
        await expect(page.locator(".error-summary")).to_be_focused()
        await page.fill("[name=personal_identity_code]", PERSON["personal_identity_code"])
        await page.click("footer a[href$=tietosuoja]")
        await page.wait_for_url("**/tietosuoja")
        await page.evaluate("history.back()")
        await page.wait_for_url("**/pyynto/*", wait_until="commit")
        await typed_is_there(page)
        await page.click("button.send")
        await page.wait_for_url("**/kiitos/*")


@pytest.mark.parametrize("remembers", [True, False])
@pytest.mark.parametrize("scripts", [True, False])
async def test_back_after_sending_says_that_it_was_sent(
    served: Served,
    browser: Browser,
    remembering_browser: Browser,
    remembers: bool,
    scripts: bool,
) -> None:
    async with tab(remembering_browser if remembers else browser, scripts=scripts) as page:
        await fill_in(page, served)
        await page.click("button.send")
        await page.wait_for_url("**/kiitos/*")
        served.register(page.url.rsplit("/", 1)[1])
        await page.go_back(wait_until="commit")
        await page.wait_for_url("**/pyynto/*", wait_until="commit")
        await expect(page.locator("h1")).to_have_text("Lähetit tämän lomakkeen jo")
        await expect(page.locator("main")).to_contain_text(grouped(NUMBER))
        await assert_sound(page, "already sent") if scripts else None
        await page.get_by_role("button", name="Tee uusi pyyntö").click()
        await expect(page.locator("[name=email]")).to_have_value("")


async def test_a_countdown_warns_before_the_identification_expires_and_one_press_goes_on(
    served: Served, browser: Browser
) -> None:
    async with tab(browser) as page:
        await served.identify(page, age=26 * 60)
        await page.goto(f"{served.address}/fi/pyynto/tilaa-palkkatodistus")
        warning = page.locator("#expiring")
        await expect(warning).to_contain_text("Tunnistautumisesi vanhenee 4 minuutin kuluttua.")
        await assert_sound(page, "expiring")
        await page.fill("[name=employer]", "Mallilan kunta")
        await warning.get_by_role("button", name="Jatka asiointia").click()
        await expect(warning).to_be_hidden()
        await served.identify(page, age=30 * 60 - 3)
        await page.reload()
        await expect(warning).to_contain_text("Tunnistautumisesi vanheni.", timeout=8_000)
        await expect(warning.get_by_role("link")).to_be_visible()
        await expect(page.locator("[name=employer]")).to_have_value("Mallilan kunta")


async def test_without_javascript_the_form_is_sent_and_the_page_asks_again_until_the_number_is_there(
    served: Served, browser: Browser
) -> None:
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
