"""A form is read as UTF-8 or not at all.

In another encoding its text could be what no database and no page can hold.
"""

from typing import Annotated

import httpx
import pytest
from fastapi import FastAPI, Form, Request

from shared.web.problems import install_problems
from shared.web.readable_bodies import ReadableBodies

BODY = b'--b\r\nContent-Disposition: form-data; name="typed"\r\n\r\n+2AA-\r\n--b--\r\n'


def app() -> FastAPI:
    made = FastAPI()
    made.add_middleware(ReadableBodies)
    install_problems(made)

    @made.post("/declared")
    async def declared(typed: Annotated[str, Form()]) -> str:
        return typed

    @made.post("/read")
    async def read(request: Request) -> str:
        return str((await request.form())["typed"])

    return made


async def post(path: str, media_type: str) -> httpx.Response:
    transport = httpx.ASGITransport(app(), raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://forms.test") as client:
        return await client.post(path, content=BODY, headers={"Content-Type": media_type})


@pytest.mark.parametrize("path", ["/declared", "/read"])
@pytest.mark.parametrize(
    "media_type",
    [
        *(
            f"multipart/form-data; boundary=b; charset={name}"
            for name in ("utf-7", "UTF-7", "unicode_escape", "punycode", "undefined", "utf-16", "no-such")
        ),
        'multipart/form-data; charset="utf-7"; boundary=b',
        "Multipart/Form-Data; Charset=utf-7; boundary=b",
    ],
)
async def test_another_encoding_is_refused_by_name(path: str, media_type: str) -> None:
    answer = await post(path, media_type)
    assert answer.status_code == 415
    assert answer.headers["Content-Type"] == "application/problem+json"


@pytest.mark.parametrize("path", ["/declared", "/read"])
@pytest.mark.parametrize("charset", ["", "; charset=utf-8", "; charset=UTF8", '; charset="utf-8"'])
async def test_utf8_is_read(path: str, charset: str) -> None:
    answer = await post(path, f"multipart/form-data; boundary=b{charset}")
    assert (answer.status_code, answer.json()) == (200, "+2AA-")
