"""No answer of a service is stored or taken for another type, whatever part of it answers."""

import re
from functools import partial
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI, Response

from shared.web.default_headers import DefaultHeaders
from shared.web.http_edge import install_edge
from shared.web.problems import install_problems

SERVICES = Path(__file__).parents[4] / "services"


async def answer_of(path: str, *, secure: bool = False) -> httpx.Response:
    app = FastAPI()
    install_edge(app, partial(DefaultHeaders, secure=secure))
    install_problems(app)

    @app.get("/kept")
    async def kept(response: Response) -> str:
        response.headers["Cache-Control"] = "public"
        return ""

    @app.get("/number/{number}")
    async def number(number: int) -> int:
        return number

    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(app), base_url="http://answers.test"
    ) as client:
        return await client.get(path)


@pytest.mark.parametrize("path", ["/number/1", "/number/x", "/none", "/openapi.json"])
@pytest.mark.parametrize("secure", [True, False])
async def test_every_answer_has_the_headers(path: str, secure: bool) -> None:
    headers = (await answer_of(path, secure=secure)).headers
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Cache-Control"] == "no-store"
    assert ("Strict-Transport-Security" in headers) == secure


async def test_what_may_be_stored_says_so() -> None:
    assert (await answer_of("/kept")).headers.get_list("Cache-Control") == ["public"]


@pytest.mark.parametrize("app", sorted(SERVICES.glob("*/app.py")), ids=lambda app: app.parent.name)
def test_every_service_guards_its_answers(app: Path) -> None:
    source = app.read_text(encoding="utf-8")
    assert re.search(r"build_app\(", source)
    assert re.search(r"(guard|add_headers) ?= ?partial\((DefaultHeaders|GuardPages), ", source)
