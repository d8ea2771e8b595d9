"""A client that goes away while it sends its request is no fault of ours.

Nothing is logged that somebody would look into.
"""

from collections.abc import Callable

import pytest
from fastapi import FastAPI, Request
from starlette.types import Message
from structlog.testing import capture_logs

from services.intake.site.errors import install_error_pages as install_site_pages
from services.tracker.console.pages import install_error_pages as install_console_pages
from shared.web.problems import install_problems


def _install_site(app: FastAPI) -> None:
    install_problems(app)
    install_site_pages(app)


async def _body(request: Request) -> None:
    await request.body()


async def _form(request: Request) -> None:
    await request.form()


async def _in_an_error_page(_: Request) -> None:
    raise _Refused


class _Refused(Exception):
    """Somebody is refused, and what was typed is to stand on the page."""


async def _on_refused(request: Request, _: Exception) -> None:
    await request.form()


@pytest.mark.parametrize("install", [install_problems, _install_site, install_console_pages])
@pytest.mark.parametrize("read", [_body, _form, _in_an_error_page])
async def test_a_client_that_hangs_up_during_a_body_is_not_logged(
    install: Callable[[FastAPI], None], read: Callable[..., object]
) -> None:
    app = FastAPI()
    install(app)
    app.add_exception_handler(_Refused, _on_refused)  # type: ignore[arg-type]  # it never gets to its answer
    app.post("/fi/form")(read)
    parts: list[Message] = [
        {"type": "http.request", "body": b"text=Hei", "more_body": True},
        {"type": "http.disconnect"},
    ]

    async def receive() -> Message:
        return parts.pop(0)

    async def send(_: Message) -> None:
        pass

    headers = [(b"content-type", b"application/x-www-form-urlencoded"), (b"content-length", b"100")]
    scope = {
        "type": "http",
        "method": "POST",
        "path": "/fi/form",
        "query_string": b"",
        "headers": headers,
        "http_version": "1.1",
        "app": app,
    }
    with capture_logs() as lines:
        await app(scope, receive, send)
    assert not parts
    assert [line["event"] for line in lines if line["log_level"] != "debug"] == []
