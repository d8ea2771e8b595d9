"""Creates the FastAPI app of a service, with body checks, problem details and API documentation."""

from typing import Any

from fastapi import FastAPI
from starlette.types import Lifespan

from shared.api_viewer.viewer import install_api_viewer
from shared.web.http_edge import AddHeaders, install_edge
from shared.web.problems import install_problems
from shared.web.readable_bodies import ReadableBodies


def build_app(
    title: str,
    lifespan: Lifespan[FastAPI],
    *,
    add_headers: AddHeaders,
    **described: Any,  # noqa: ANN401  what FastAPI takes
) -> FastAPI:
    """Return an app without routes; `add_headers` adds the default headers, `described` goes to FastAPI.

    With `openapi_url=None` there is no OpenAPI document and no page that shows it.
    """
    app = FastAPI(title=title, lifespan=lifespan, docs_url=None, redoc_url=None, **described)
    app.add_middleware(ReadableBodies)
    install_edge(app, add_headers)
    install_problems(app)
    if app.openapi_url:
        install_api_viewer(app)
    return app
