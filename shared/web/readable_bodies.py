"""Middleware that rejects bodies that would be misread: compressed ones, and forms not in UTF-8."""

import codecs
from collections.abc import Iterable
from http import HTTPStatus

from python_multipart.multipart import parse_options_header
from starlette.types import ASGIApp, Receive, Scope, Send

from shared.web.problems import Problem, problem_response

WITHOUT_BODY = frozenset({"GET", "HEAD"})


class WrongEncoding(Problem):
    """415: a form in another encoding than UTF-8."""

    status = HTTPStatus.UNSUPPORTED_MEDIA_TYPE
    slug = "wrong-encoding"
    title = "Forms are read in UTF-8 only"


class CodedBody(Problem):
    """415: a compressed body; `Accept-Encoding` names what is accepted (RFC 9110, 15.5.16)."""

    status = HTTPStatus.UNSUPPORTED_MEDIA_TYPE
    slug = "coded-body"
    title = "Send the body as it is, without Content-Encoding"

    def __init__(self) -> None:
        super().__init__(headers={"Accept-Encoding": "identity"})


class ReadableBodies:
    """ASGI middleware.

    Answers 415 to a body with a content coding, and to a multipart form in another charset than UTF-8.

    Starlette decodes a form with any Python codec that its sender names: some produce half surrogates, some
    raise errors of their own.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on every request with a readable body."""
        refusal = (
            _refusal(scope["headers"])
            if scope["type"] == "http" and scope["method"] not in WITHOUT_BODY
            else None
        )
        await (problem_response(refusal) if refusal else self.app)(scope, receive, send)


def _refusal(headers: Iterable[tuple[bytes, bytes]]) -> Problem | None:
    # Read as they came: a look-up of a header that is not there would cost a request more than all of this.
    for name, value in headers:
        if name == b"content-encoding" and value.strip().lower() not in {b"identity", b""}:
            return CodedBody()
        if name == b"content-type" and _names_another(value.decode("latin-1")):
            return WrongEncoding()
    return None


def _names_another(content_type: str) -> bool:
    if "charset" not in content_type.lower():
        return False
    media_type, options = parse_options_header(content_type)
    return (
        media_type == b"multipart/form-data"
        and b"charset" in options
        and not _is_utf8(options[b"charset"].decode("latin-1"))
    )


def _is_utf8(charset: str) -> bool:
    try:
        return codecs.lookup(charset).name == "utf-8"
    except (LookupError, ValueError):
        return False
