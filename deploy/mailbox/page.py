"""The web page that shows the mails of the mailbox, and the same as JSON."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime
from pathlib import Path
from typing import Annotated

from fastapi import FastAPI, Query, Request
from fastapi.responses import HTMLResponse, Response
from jinja2 import Environment
from pydantic import BaseModel

from deploy.mailbox.letter import Letter, open_links_outside_frame, read_letter, split_links
from deploy.mailbox.maildir import Maildir
from shared.api_viewer.viewer import install_api_viewer
from shared.look.look import LOOK_URL, VersionedFiles, build_environment, look_files, versioned
from shared.web.health import health_routes
from shared.web.problems import NotFound, install_problems, problem_response

HERE = Path(__file__).parent
PAGE_SIZE = 50
# Without scripts our origin is useless to the mail, and our page can read its height and show all of it.
SANDBOX = (
    "sandbox allow-same-origin allow-popups allow-popups-to-escape-sandbox "
    "allow-top-navigation-by-user-activation"
)
PAGE_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; font-src 'self'; img-src 'self'; frame-src "
    "'self'; "
    "base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
MAIL_POLICY = (
    f"{SANDBOX}; default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'self'"
)

Size = Annotated[int, Query(ge=1, le=500)]


class Summary(BaseModel):
    """One mail in a list."""

    id: str
    received_at: datetime
    sender: str
    recipients: str
    subject: str
    message_id: str


class Mail(Summary):
    """One mail with all its contents."""

    headers: list[tuple[str, str]]
    text: str
    html: str


class Mails(BaseModel):
    """A page of the list, newest first; pass `before` to get older ones."""

    total: int
    messages: list[Summary]
    before: str | None


def create_app(maildir: Maildir, smtp_answers: Callable[[], Awaitable[None]]) -> FastAPI:
    """Return the app over one Maildir."""
    app = FastAPI(title="Postilaatikko", version="1.0.0", docs_url=None, redoc_url=None)
    install_problems(app)
    install_api_viewer(app)
    app.include_router(health_routes({"smtp": smtp_answers}))
    app.mount(LOOK_URL, look_files())
    app.mount("/static", VersionedFiles(directory=HERE / "static"))
    pages = _templates()

    def show(template: str, **context: object) -> HTMLResponse:
        return _guarded(pages.get_template(template).render(**context), PAGE_POLICY)

    @app.get("/api/messages", tags=["mails"])
    async def list_mails(limit: Size = PAGE_SIZE, before: str | None = None) -> Mails:
        total, letters, older = await asyncio.to_thread(_page, maildir, limit, before)
        return Mails(
            total=total, messages=[Summary(**_facts(letter, Summary)) for letter in letters], before=older
        )

    @app.get("/api/messages/{mail_id}", tags=["mails"])
    async def read_mail(mail_id: str) -> Mail:
        return Mail(**_facts(_letter(maildir, mail_id), Mail))

    @app.get("/", include_in_schema=False)
    async def list_page(before: str | None = None) -> HTMLResponse:
        total, letters, older = await asyncio.to_thread(_page, maildir, PAGE_SIZE, before)
        return show("list.html", total=total, letters=letters, older=older, newest=before is None)

    @app.get("/messages/{mail_id}", include_in_schema=False)
    async def mail_page(mail_id: str) -> HTMLResponse:
        return show("letter.html", letter=_letter(maildir, mail_id))

    @app.get("/messages/{mail_id}/html", include_in_schema=False)
    async def mail_html(mail_id: str) -> HTMLResponse:
        return _guarded(open_links_outside_frame(_letter(maildir, mail_id).html), MAIL_POLICY)

    @app.exception_handler(NotFound)
    async def not_found(request: Request, error: NotFound) -> Response:
        return problem_response(error) if request.url.path.startswith("/api/") else show("gone.html")

    return app


def _templates() -> Environment:
    pages = build_environment(HERE / "templates")
    pages.globals.update(
        own_url=versioned(HERE / "static", "/static"), split_links=split_links, sandbox=SANDBOX
    )
    pages.globals.update(language="fi", site_name="Asiointi", skip_text="Siirry sisältöön", home="/")
    return pages


def _guarded(html: str, policy: str) -> HTMLResponse:
    return HTMLResponse(html, headers={"Content-Security-Policy": policy, "Referrer-Policy": "no-referrer"})


def _page(maildir: Maildir, limit: int, before: str | None) -> tuple[int, list[Letter], str | None]:
    ids = maildir.ids(before)
    shown = ids[:limit]
    letters = [
        read_letter(mail_id, content) for mail_id in shown if (content := maildir.read(mail_id)) is not None
    ]
    return len(ids), letters, shown[-1] if len(ids) > limit else None


def _letter(maildir: Maildir, mail_id: str) -> Letter:
    content = maildir.read(mail_id)
    if content is None:
        raise NotFound
    return read_letter(mail_id, content)


def _facts(letter: Letter, kind: type[Summary]) -> dict[str, object]:
    return {name: getattr(letter, name) for name in kind.model_fields}
