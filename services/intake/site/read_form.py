"""Reads a posted form within limits that every real browser keeps."""

from contextlib import suppress
from http import HTTPStatus
from urllib.parse import parse_qsl

from fastapi import Request
from starlette.exceptions import HTTPException

URLENCODED = "application/x-www-form-urlencoded"
MAX_FIELDS = 100
MAX_DRAINED = 4 * 1024 * 1024


async def read_form(request: Request, most_bytes: int) -> dict[str, str]:
    """Return the values of a form.

    Raises `HTTPException` 413 if it is larger than `most_bytes`, 411 without a length. A limit on the route
    would answer before a page can be rendered.
    """
    length = request.headers.get("content-length", "")
    if not length.isdecimal():
        raise HTTPException(HTTPStatus.LENGTH_REQUIRED)
    if int(length) > most_bytes:
        await _drain(request, int(length))
        raise HTTPException(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() == URLENCODED:
        return _read_urlencoded(await request.body())
    form = await request.form(max_files=0, max_fields=MAX_FIELDS)
    return {name: value for name, value in form.items() if isinstance(value, str)}


def _read_urlencoded(body: bytes) -> dict[str, str]:
    """Decode UTF-8, or what browsers send from a page in another encoding, without replacement marks."""
    for encoding in ("utf-8", "cp1252", "latin-1"):
        with suppress(UnicodeDecodeError):
            text = body.decode(encoding)
            try:
                return dict(
                    parse_qsl(
                        text,
                        keep_blank_values=True,
                        encoding=encoding,
                        errors="strict",
                        max_num_fields=MAX_FIELDS,
                    )
                )
            except UnicodeDecodeError:
                raise
            except ValueError:
                raise HTTPException(HTTPStatus.BAD_REQUEST) from None
    raise HTTPException(HTTPStatus.BAD_REQUEST)


async def _drain(request: Request, length: int) -> None:
    """Read the rest of the body: a browser shows the answer only after it has sent everything."""
    if length <= MAX_DRAINED:
        async for _ in request.stream():
            pass
