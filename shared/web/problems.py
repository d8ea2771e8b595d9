"""Errors over HTTP: renders every exception of an app as RFC 9457 problem details."""

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.responses import Response

from shared.process.logs import get_log
from shared.web.describe_problems import describe_problems
from shared.web.validation_messages import field_of, sentence_for

log = get_log(__name__)


class Problem(Exception):
    """A business error with its own status and slug; subclasses set `status`, `slug` and `title`.

    `detail` is for the reader of this one response, `extra` are members beside the standard ones, `headers`
    go with the response.
    """

    status: int = HTTPStatus.INTERNAL_SERVER_ERROR
    slug: str = "internal-error"
    title: str = "Something went wrong on our side"

    def __init__(self, detail: str = "", *, headers: Mapping[str, str] | None = None, **extra: Any) -> None:  # noqa: ANN401
        super().__init__(detail or self.title)
        self.detail = detail
        self.headers = dict(headers or {})
        self.extra = extra


class InvalidFields(Problem):
    """422: some fields are missing or wrong; `errors` names each."""

    status = HTTPStatus.UNPROCESSABLE_ENTITY
    slug = "invalid-fields"
    title = "Some fields are missing or wrong"

    def __init__(self, errors: Sequence[Mapping[str, str]], detail: str = "") -> None:
        super().__init__(detail, errors=list(errors))


class NotFound(Problem):
    """404: it does not exist, or the caller may not see it."""

    status = HTTPStatus.NOT_FOUND
    slug = "not-found"
    title = "Not found"


class BodyTooLong(Problem):
    """413: the body is longer than this address accepts."""

    status = HTTPStatus.REQUEST_ENTITY_TOO_LARGE
    slug = "body-too-long"
    title = "The body is too long"


class Unavailable(Problem):
    """503: a part that this response needs is unavailable; trying again later makes sense."""

    status = HTTPStatus.SERVICE_UNAVAILABLE
    slug = "unavailable"
    title = "Temporarily unavailable"

    def __init__(self, detail: str = "", *, retry_after: int = 10) -> None:
        super().__init__(detail, headers={"Retry-After": str(retry_after)})


def problem_response(problem: Problem) -> JSONResponse:
    """Render one problem as `application/problem+json`."""
    body = {
        "type": f"urn:asiointi:problem:{problem.slug}",
        "title": problem.title,
        "status": int(problem.status),
    }
    if problem.detail:
        body["detail"] = problem.detail
    return JSONResponse(
        body | problem.extra, problem.status, headers=problem.headers, media_type="application/problem+json"
    )


def install_problems(app: FastAPI) -> None:
    """Render every error of an app as problem details, and describe them in its OpenAPI document."""
    describe_problems(app)
    app.add_exception_handler(BodyTooLong, _on_problem)
    app.add_exception_handler(Problem, _on_problem)
    app.add_exception_handler(RequestValidationError, _on_invalid)
    app.add_exception_handler(HTTPException, _on_http)
    app.add_exception_handler(Exception, _on_surprise)
    ignore_lost_clients(app)


def ignore_lost_clients(app: FastAPI) -> None:
    """Do not log a client that disconnects while it sends its request as an error.

    Also for an app with error pages of its own.
    """
    app.add_exception_handler(ClientDisconnect, _on_lost_client)


async def _on_problem(_: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, Problem)  # noqa: S101  for the type checker: registered for this class only
    return problem_response(error)


async def _on_invalid(_: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)  # noqa: S101  as above
    return problem_response(
        InvalidFields(
            [{"field": field_of(fault), "message": sentence_for(fault)} for fault in error.errors()]
        )
    )


async def _on_http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101  as above
    status = HTTPStatus(error.status_code)
    if status == HTTPStatus.REQUEST_ENTITY_TOO_LARGE:
        too_long: Response = await request.app.exception_handlers[BodyTooLong](request, BodyTooLong())
        return too_long
    body = {"type": "about:blank", "title": status.phrase, "status": int(status)}
    if error.detail and error.detail != status.phrase:
        body["detail"] = error.detail
    return JSONResponse(
        body, status, headers=dict(error.headers or {}), media_type="application/problem+json"
    )


async def _on_lost_client(request: Request, _: Exception) -> Response:
    log.debug("client_gone", method=request.method)
    return Response(status_code=HTTPStatus.BAD_REQUEST)  # which nobody reads


async def _on_surprise(request: Request, error: Exception) -> JSONResponse:
    log.error(
        "unexpected_error",
        method=request.method,
        route=getattr(request.scope.get("route"), "path", None),
        error=type(error).__name__,
        exc_info=error,
    )
    return problem_response(Problem())
