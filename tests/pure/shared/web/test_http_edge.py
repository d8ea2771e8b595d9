"""What holds for every answer of an app.

HEAD, `Allow`, long and coded bodies, unexpected errors, and what OpenAPI says of them.
"""

from collections.abc import AsyncIterator
from functools import partial
from typing import Annotated

import httpx
import pytest
from fastapi import APIRouter, FastAPI, Form, Response
from fastapi.sse import EventSourceResponse, ServerSentEvent
from hypothesis import given
from hypothesis import strategies as st
from starlette.responses import RedirectResponse
from starlette.staticfiles import StaticFiles

from shared.web.default_headers import DefaultHeaders
from shared.web.http_edge import install_edge
from shared.web.problems import install_problems
from shared.web.readable_bodies import ReadableBodies
from shared.web.strict_json import DuplicateName, read_json

PROBLEM = "application/problem+json"


def make_app() -> FastAPI:
    app = FastAPI(max_body_size=1_000)
    app.add_middleware(ReadableBodies)
    install_edge(app, partial(DefaultHeaders, secure=True))
    install_problems(app)
    routes = APIRouter(prefix="/inside")

    @app.get("/page")
    async def page(response: Response) -> str:
        response.headers["X-Own"] = "here"
        return "words"

    @app.post("/page")
    async def change(typed: Annotated[str, Form()]) -> str:
        return typed

    @app.post("/order/{number}", max_body_size=100)
    async def order(number: int, body: dict[str, str]) -> int:
        return number + len(body)

    @routes.delete("/thing")
    async def remove() -> None:
        return None

    @routes.get("/events", response_class=EventSourceResponse)
    async def events() -> AsyncIterator[ServerSentEvent]:
        while True:
            yield ServerSentEvent(data="again")

    @routes.get("/fault")
    async def fault() -> None:
        raise LookupError

    app.include_router(routes)
    app.mount("/files", StaticFiles(directory="tests/pure"))
    return app


async def ask(method: str, path: str, **request: object) -> httpx.Response:
    transport = httpx.ASGITransport(make_app(), raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://edge.test") as client:
        return await client.request(method, path, **request)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "path", ["/page", "/files/test_http_edge.py", "/nowhere", "/inside/fault", "/openapi.json"]
)
async def test_head_is_answered_as_get_without_the_body(path: str) -> None:
    got, head = await ask("GET", path), await ask("HEAD", path)
    assert (head.status_code, head.content) == (got.status_code, b"")
    assert got.content
    assert dict(head.headers) == dict(got.headers)


async def test_head_of_what_never_ends_ends() -> None:
    answer = await ask("HEAD", "/inside/events")
    assert (answer.status_code, answer.content) == (200, b"")
    assert answer.headers["content-type"].startswith("text/event-stream")


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("PUT", "/page", "GET, HEAD, POST"),
        ("GET", "/order/1", "POST"),
        ("HEAD", "/order/1", "POST"),
        ("OPTIONS", "/inside/thing", "DELETE"),
        ("POST", "/files/test_http_edge.py", "GET, HEAD"),
    ],
)
async def test_a_method_that_an_address_lacks_is_told_all_that_it_has(
    method: str, path: str, allowed: str
) -> None:
    answer = await ask(method, path)
    assert (answer.status_code, answer.headers["Allow"]) == (405, allowed)
    assert answer.headers["content-type"] == PROBLEM


async def in_pieces(size: int) -> AsyncIterator[bytes]:
    for _ in range(size // 50):
        yield b"x" * 50


@pytest.mark.parametrize("path", ["/page", "/order/1"])
@pytest.mark.parametrize("chunked", [True, False])
async def test_too_long_a_body_is_told_alike_with_and_without_a_length(path: str, *, chunked: bool) -> None:
    kind = "application/json" if path == "/order/1" else "application/x-www-form-urlencoded"
    answer = await ask(
        "POST", path, content=in_pieces(2_000) if chunked else b"x" * 2_000, headers={"Content-Type": kind}
    )
    assert (answer.status_code, answer.headers["content-type"]) == (413, PROBLEM)
    assert answer.json()["type"] == "urn:asiointi:problem:body-too-long"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize("coding", ["gzip", "GZIP", "br", "gzip, br", "x"])
async def test_a_coded_body_is_refused_and_told_what_is_taken(coding: str) -> None:
    answer = await ask(
        "POST",
        "/order/1",
        content=b"{}",
        headers={"Content-Type": "application/json", "Content-Encoding": coding},
    )
    assert (answer.status_code, answer.headers["content-type"], answer.headers["Accept-Encoding"]) == (
        415,
        PROBLEM,
        "identity",
    )


@pytest.mark.parametrize("coding", ["identity", ""])
async def test_a_body_that_is_declared_as_plain_is_read(coding: str) -> None:
    answer = await ask(
        "POST",
        "/order/1",
        content=b"{}",
        headers={"Content-Type": "application/json", "Content-Encoding": coding},
    )
    assert answer.status_code == 200


async def test_an_unexpected_error_has_the_headers_of_every_answer() -> None:
    answer = await ask("GET", "/inside/fault")
    assert (answer.status_code, answer.headers["content-type"]) == (500, PROBLEM)
    told = {
        name: answer.headers[name]
        for name in ("X-Content-Type-Options", "Cache-Control", "Strict-Transport-Security")
    }
    assert told == {
        "X-Content-Type-Options": "nosniff",
        "Cache-Control": "no-store",
        "Strict-Transport-Security": "max-age=31536000",
    }


def test_openapi_describes_errors_as_they_are_answered() -> None:
    document = make_app().openapi()
    assert "HTTPValidationError" not in str(document)
    answers = document["paths"]["/order/{number}"]["post"]["responses"]
    assert answers.keys() >= {"200", "404", "413", "415", "422", "default"}
    shape = {"schema": {"$ref": "#/components/schemas/ProblemDetails"}}
    assert all(answer["content"] == {PROBLEM: shape} for status, answer in answers.items() if status != "200")
    assert {"ProblemDetails", "FieldProblem"} <= document["components"]["schemas"].keys()


@pytest.mark.parametrize("body", [b'{"a":1,"a":1}', b'[{"b":{"a":1,"b":2,"a":1}}]'])
def test_a_name_that_stands_twice_is_told(body: bytes) -> None:
    with pytest.raises(DuplicateName) as twice:
        read_json(body)
    assert twice.value.name == "a"


@given(st.binary() | st.text().map(str.encode) | st.integers(0, 100_000).map(lambda deep: b"[" * deep))
def test_whatever_comes_is_json_or_a_value_error(body: bytes) -> None:
    try:
        read_json(body)
    except ValueError:
        return


def test_json_is_utf_8_with_or_without_a_mark_and_nothing_else() -> None:
    assert read_json(b'\xef\xbb\xbf{"a": "\xc3\xa4"}') == {"a": "ä"}
    for body in ('{"a": 1}'.encode("utf-16"), b'{"a": NaN}', b'{"a": "\xe4"}', b"9" * 5_000):
        with pytest.raises(ValueError, match=r"."):
            read_json(body)


@pytest.mark.parametrize("host", ["edge.test", "evil.example", "evil.example:99", "edge.test@evil.example"])
@pytest.mark.parametrize("path", ["/inside/", "/page/", "/page/?a=//evil.example"])
async def test_a_redirect_within_leads_to_no_host_that_the_client_wrote(host: str, path: str) -> None:
    transport = httpx.ASGITransport(make_app())
    async with httpx.AsyncClient(transport=transport, base_url="http://edge.test") as client:
        answer = await client.get(path, headers={"Host": host})
    if answer.is_redirect:
        assert answer.headers["location"] == path.replace("/?", "?").rstrip("/")


@pytest.mark.parametrize(
    "location",
    [
        "https://bank.example/x",
        "/within",
        "http://edge.test.evil.example/",
        "http://edge.test//evil.example/",
    ],
)
async def test_a_redirect_to_another_place_stays_as_it_is(location: str) -> None:
    app = make_app()
    app.get("/away")(lambda: RedirectResponse(location))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://edge.test") as client:
        told = (await client.get("/away")).headers["location"]
    assert told == ("/evil.example/" if location.endswith("//evil.example/") else location)
