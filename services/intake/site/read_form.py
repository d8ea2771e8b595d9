"""Reads a posted form, but not one that no browser of ours would send."""

from http import HTTPStatus

from fastapi import Request
from starlette.exceptions import HTTPException

MOST_FIELDS = 100
MOST_DRAINED = 4 * 1024 * 1024


async def read_form(request: Request, most_bytes: int) -> dict[str, str]:
    """Give the texts of a form; raises `HTTPException` 413 where it is larger than `most_bytes`, 411 where it does not say.

    A limit on the route would answer before a page can be made.
    """
    length = request.headers.get("content-length", "")
    if not length.isdecimal():
        raise HTTPException(HTTPStatus.LENGTH_REQUIRED)
    if int(length) > most_bytes:
        await _drain(request, int(length))
        raise HTTPException(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
    form = await request.form(max_files=0, max_fields=MOST_FIELDS)
    return {name: value for name, value in form.items() if isinstance(value, str)}


async def _drain(request: Request, length: int) -> None:
    """Let a browser finish sending: it shows the answer only then."""
    if length <= MOST_DRAINED:
        async for _ in request.stream():
            pass
