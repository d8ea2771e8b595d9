"""Installs the public site in an app: session, pages in all languages, error pages, static files."""

from datetime import datetime
from pathlib import Path

from fastapi import Depends, FastAPI
from fastapi.responses import RedirectResponse

from services.intake.form.catalogue import Field
from services.intake.settings import Settings
from services.intake.site import ask_before_ending, browse, follow, form_page, identify, keep_form, thanks
from services.intake.site.errors import install_error_pages
from services.intake.site.form_token import FormTokens
from services.intake.site.view import DEFAULT_LANGUAGE, Site
from services.intake.submit.working_days import public_holidays
from services.intake.texts import all_texts
from shared.auth.ended_sessions import empty_if_ended
from shared.auth.session import EncryptedSession
from shared.events.vocabulary import LANGUAGES, Language
from shared.look.look import LOOK_URL, VersionedFiles, build_environment, look_files, versioned
from shared.settings import all_key_bytes
from shared.text.moments import HELSINKI
from shared.text.texts import fill

FOLDER = Path(__file__).parent
STATIC_URL = "/static"


def install_site(app: FastAPI, settings: Settings) -> None:
    """Add the site to an app; called after `install_problems`.

    `state.resources` of the app holds the resources while it runs.
    """
    secure = settings.public_url.startswith("https://")
    app.state.site = build_site(settings)
    app.state.identity_client = identify.identity_client(settings)
    app.add_middleware(EncryptedSession, keys=all_key_bytes(settings.session_key), secure=secure)
    app.mount(LOOK_URL, look_files())
    app.mount(STATIC_URL, VersionedFiles(directory=FOLDER / "static"))
    app.add_api_route("/", _to_front, include_in_schema=False)
    ends = [Depends(empty_if_ended)]
    app.include_router(identify.callback_routes, dependencies=ends)
    for language in LANGUAGES:
        for part in (browse, form_page, keep_form, ask_before_ending, thanks, follow, identify):
            app.include_router(part.routes, prefix=f"/{language}", include_in_schema=False, dependencies=ends)
    install_error_pages(app)


def build_site(settings: Settings) -> Site:
    """Read texts and templates."""
    templates = build_environment(FOLDER / "templates", demonstration=bool(settings.demonstration))
    templates.globals["static_url"] = versioned(FOLDER / "static", STATIC_URL)
    templates.filters["fill"] = fill
    templates.filters["choices"] = _choices
    site = Site(settings, templates, all_texts(), FormTokens(all_key_bytes(settings.session_key)))
    public_holidays(datetime.now(HELSINKI).year)  # loads the calendar now, not while a citizen waits
    if settings.public_url.startswith("https://"):
        site.headers["Strict-Transport-Security"] = "max-age=31536000"
    return site


def _choices(field: Field, language: Language) -> list[tuple[str, str]]:
    return [(choice.value, choice.label.in_language(language)) for choice in field.choices]


async def _to_front() -> RedirectResponse:
    return RedirectResponse(f"/{DEFAULT_LANGUAGE}/", status_code=307)
