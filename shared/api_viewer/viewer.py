"""Serves Swagger UI from the service itself, without a content delivery network.

A closed network reaches none, and no third party should learn of the visit.
"""

import html
from pathlib import Path
from string import Template

from fastapi import FastAPI, Request
from fastapi.responses import HTMLResponse

from shared.look.look import VersionedFiles, versioned

HERE = Path(__file__).parent
FILES_URL = "/docs/files"
SWAGGER_UI = ("fastapi_standalone_docs", "static/swagger")
"""The package that contains Swagger UI's files; nothing else of it is used."""
MARK = ("shared.look", "static")
HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
        "form-action 'none'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
}


def install_api_viewer(app: FastAPI) -> None:
    """Add `/docs` to an app that was made with `docs_url=None, redoc_url=None`."""
    files = VersionedFiles(directory=HERE / "static", packages=[SWAGGER_UI, MARK])
    addresses = {
        name.replace(".", "_").replace("-", "_"): address for name, address in _addresses(files).items()
    }
    page = Template((HERE / "page.html").read_text(encoding="utf-8"))

    @app.get("/docs", include_in_schema=False)
    async def docs(request: Request) -> HTMLResponse:
        root: str = request.scope.get("root_path", "")
        shown = {
            "title": html.escape(app.title),
            "root": html.escape(root),
            "description": html.escape(f"{root}{app.openapi_url}"),
        }
        return HTMLResponse(page.substitute(shown | addresses), headers=HEADERS)

    app.mount(FILES_URL, files)


def _addresses(files: VersionedFiles) -> dict[str, str]:
    found: dict[str, str] = {}
    for folder in files.all_directories:
        address = versioned(Path(folder), FILES_URL)
        found |= {file.name: address(file.name) for file in Path(folder).iterdir() if file.is_file()}
    return found
