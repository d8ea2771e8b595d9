"""Refuses forms in another encoding than UTF-8, before anything reads them."""

import codecs
from http import HTTPStatus

from python_multipart.multipart import parse_options_header
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from shared.problems import Problem, problem_response


class WrongEncoding(Problem):
    """415: a form in another encoding than UTF-8."""

    status = HTTPStatus.UNSUPPORTED_MEDIA_TYPE
    slug = "wrong-encoding"
    title = "Forms are read in UTF-8 only"


class Utf8Forms:
    """ASGI middleware: a multipart form that names another charset gets 415.

    Starlette decodes a form by whatever codec of Python its sender names: some give half surrogates, some raise errors of their own.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on everything but such a form."""
        refused = scope["type"] == "http" and scope["method"] == "POST" and _names_another(Headers(scope=scope).get("content-type", ""))
        await (problem_response(WrongEncoding()) if refused else self.app)(scope, receive, send)


def _names_another(content_type: str) -> bool:
    if "charset" not in content_type.lower():
        return False
    media_type, options = parse_options_header(content_type)
    return media_type == b"multipart/form-data" and b"charset" in options and not _is_utf8(options[b"charset"].decode("latin-1"))


def _is_utf8(charset: str) -> bool:
    try:
        return codecs.lookup(charset).name == "utf-8"
    except (LookupError, ValueError):
        return False
