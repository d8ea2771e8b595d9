"""The console's list in a real browser: on a narrow screen each request is a card that shows everything."""

import pytest
from playwright.async_api import Browser, Route

from services.tracker.personal_data.keyring import Keyring
from shared.database.engine import Sessions
from tests.service.tracker.console_builders import register_tracked
from tests.service.tracker.console_client import ConsoleClient

pytestmark = [pytest.mark.browser, pytest.mark.usefixtures("one_connection")]


@pytest.mark.parametrize("width", [320, 375, 781, 900, 1099, 1100, 1280])
async def test_the_list_shows_every_column_without_scrolling(
    console: ConsoleClient, sessions: Sessions, keyring: Keyring, browser: Browser, width: int
) -> None:
    await register_tracked(sessions, keyring)
    await console.sign_in()

    async def serve(route: Route) -> None:
        answer = await console.client.get(route.request.url)
        await route.fulfill(
            status=answer.status_code,
            body=answer.content,
            headers={"Content-Type": answer.headers.get("Content-Type", "")},
        )

    page = await browser.new_page(viewport={"width": width, "height": 800})
    await page.route("**/*", serve)
    try:
        await page.goto(f"{console.client.base_url}/console/")
        assert (
            await page.evaluate(
                "(list => list.scrollWidth - list.clientWidth)(document.querySelector('.table-scroll'))"
            )
            <= 0
        )
        assert await page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
        assert await page.get_by_role("row").count() == 2
        assert await page.get_by_role("columnheader").count() == 6
        for number in range(6):
            box = await page.get_by_role("cell").nth(number).bounding_box()
            assert box is not None
            assert box["x"] >= 0
            assert box["x"] + box["width"] <= width
    finally:
        await page.unroute_all(behavior="ignoreErrors")
        await page.close()
