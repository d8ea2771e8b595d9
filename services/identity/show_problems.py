"""Renders errors: an HTML page for a browser, problem details (RFC 9457) for other clients."""

from starlette.requests import Request
from starlette.responses import Response

from services.identity.pages import language_of
from services.identity.resources import Resources
from shared.limits.limit import TooMany
from shared.web.problems import NotFound, Problem, Unavailable, problem_response

PAGES: dict[type[Problem], str] = {NotFound: "missing", Unavailable: "away", TooMany: "too_many"}


async def show_problem(request: Request, error: Exception) -> Response:
    """Handle a `Problem` that a route raised; registered in `app.py`."""
    assert isinstance(error, Problem)  # noqa: S101  for the type checker: registered for this class only
    kind = PAGES.get(type(error))
    if kind is None or "text/html" not in request.headers.get("Accept", ""):
        return problem_response(error)
    resources: Resources = request.app.state.resources
    page = resources.pages.problem(kind, language_of(request), status=int(error.status))
    page.headers.update(error.headers)
    return page
