"""What every route of this service works with."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated
from urllib.parse import urlsplit

from fastapi import Depends, Request

from services.identity.bank.directory import Bank, choose_banks
from services.identity.browser import BrowserCookie
from services.identity.keys import Keys
from services.identity.pages import Pages
from services.identity.settings import Client, Settings
from shared.database import Sessions


@dataclass(frozen=True)
class Resources:
    """Made once per process, in the lifespan of the app."""

    settings: Settings
    sessions: Sessions
    keys: Keys
    banks: dict[str, Bank]
    pages: Pages
    clients: dict[str, Client]
    browser_cookie: BrowserCookie
    bank_cookie: BrowserCookie


def make_resources(settings: Settings, sessions: Sessions) -> Resources:
    """Put together what the settings ask for."""
    keys, banks = Keys(settings), choose_banks(settings.banks, settings.demonstration)
    return Resources(
        settings=settings,
        sessions=sessions,
        keys=keys,
        banks=banks,
        pages=Pages(banks, _home(settings), demonstration=bool(settings.demonstration)),
        clients={client.client_id: client for client in settings.clients},
        browser_cookie=BrowserCookie(keys.cookies, "identity_session", path="/", secure=settings.secure),
        bank_cookie=BrowserCookie(keys.cookies, "bank_session", path="/bank", secure=settings.secure),
    )


def _home(settings: Settings) -> str:
    """Give the front page of the citizens' site: the origin to which they return."""
    uris = (urlsplit(uri) for client in settings.clients if client.login == "citizen" for uri in client.redirect_uris)
    return next((f"{uri.scheme}://{uri.netloc}/" for uri in uris), "/")


def _resources(request: Request) -> Resources:
    resources: Resources = request.app.state.resources
    return resources


Using = Annotated[Resources, Depends(_resources)]


def utc_now() -> datetime:
    """Give the moment, aware."""
    return datetime.now(UTC)
