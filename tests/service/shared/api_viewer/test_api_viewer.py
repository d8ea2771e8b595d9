"""`/docs` shows the whole API in a browser that may talk to this service only, and asks nobody else."""

import re

import httpx
import pytest
from fastapi import FastAPI
from playwright.async_api import Browser, Request

from shared.api_viewer.viewer import install_api_viewer
from tests.infra.serving import free_socket, serving


def app_with_docs() -> FastAPI:
    app = FastAPI(title="Kirjasto & museo", docs_url=None, redoc_url=None)
    install_api_viewer(app)

    @app.get("/books/{number}", summary="Read a book")
    async def book(number: int) -> dict[str, int]:
        return {"number": number}

    return app


async def test_everything_the_page_names_is_served_here() -> None:
    transport = httpx.ASGITransport(app_with_docs(), root_path="/api")
    async with httpx.AsyncClient(transport=transport, base_url="http://library.test") as http:
        page = await http.get("/api/docs")
        named = re.findall(r'(?:src|href|data-description)="([^"]+)"', page.text)
        assert len(named) == 5
        assert [(await http.get(address)).status_code for address in named] == [200] * 5
    assert "default-src 'none'" in page.headers["content-security-policy"]
    assert "unsafe-eval" not in page.headers["content-security-policy"]
    assert "<title>Kirjasto &amp; museo – API</title>" in page.text


@pytest.mark.browser
async def test_the_api_is_read_and_tried_without_asking_anybody_else(browser: Browser) -> None:
    place, address = free_socket()
    asked: list[str] = []
    complaints: list[str] = []

    def note(request: Request) -> None:
        asked.append(request.url)

    async with serving(app_with_docs(), place):
        page = await browser.new_page()
        page.on("request", note)
        page.on(
            "console", lambda message: complaints.append(message.text) if message.type == "error" else None
        )
        await page.goto(f"{address}/docs")
        await page.get_by_text("Read a book").click()
        await page.get_by_role("button", name="Try it out").click()
        await page.get_by_placeholder("number").fill("7")
        await page.get_by_role("button", name="Execute").click()
        await page.locator(".live-responses-table .response-col_status", has_text="200").wait_for()
        await page.close()
    assert complaints == []
    assert [url for url in asked if not url.startswith((address, "data:", "blob:"))] == []
