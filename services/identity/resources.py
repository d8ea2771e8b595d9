"""The resources that all routes of identity share (database, keys, banks, pages), opened once per process."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Annotated
from urllib.parse import urlsplit

from fastapi import Depends, Request

from services.identity.banks import Bank, choose_banks
from services.identity.browser import BrowserCookie
from services.identity.keys import Keys
from services.identity.pages import Pages
from services.identity.settings import Client, Settings
from shared.database.engine import Sessions, open_database
from shared.limits.limit import Limits
from shared.settings import all_key_bytes


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
    limits: Limits


def make_resources(settings: Settings, sessions: Sessions) -> Resources:
    """Build the resources from settings and an open database."""
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
        limits=Limits(all_key_bytes(settings.session_key)[0], times=settings.limits_times),
    )


@asynccontextmanager
async def open_resources(settings: Settings) -> AsyncIterator[Resources]:
    """Open the database and build the resources; raises when the database cannot be reached."""
    async with open_database(
        settings.database_url.get_secret_value(), most=settings.database_connections
    ) as sessions:
        yield make_resources(settings, sessions)


def _home(settings: Settings) -> str:
    """Return the front page of the citizens' site: the origin of the first redirect_uri for citizens."""
    uris = (
        urlsplit(uri)
        for client in settings.clients
        if client.login == "citizen"
        for uri in client.redirect_uris
    )
    return next((f"{uri.scheme}://{uri.netloc}/" for uri in uris), "/")


def _resources(request: Request) -> Resources:
    resources: Resources = request.app.state.resources
    return resources


Using = Annotated[Resources, Depends(_resources)]
