"""Builds the console, an app with its own sessions and error pages, and mounts it on tracker's app."""

from pathlib import Path

from fastapi import Depends, FastAPI

from services.tracker.console import (
    dead_letters,
    failed_mails,
    ledger,
    one_request,
    request_list,
    returned_mails,
    sign_in,
)
from services.tracker.console.earlier_sign_in import EarlierSignIns
from services.tracker.console.pages import PREFIX, Pages, install_error_pages
from services.tracker.settings import Settings
from shared.auth.ended_sessions import empty_if_ended
from shared.auth.session import EncryptedSession
from shared.look.look import VersionedFiles, look_files
from shared.settings import all_key_bytes

FOLDER = Path(__file__).parent
MAX_BODY_BYTES = 100_000


def install_console(app: FastAPI, settings: Settings) -> None:
    """Mount the console under `/console`; it shares the app's `state`, which holds the resources."""
    console = FastAPI(title="Asiointi: console", openapi_url=None, max_body_size=MAX_BODY_BYTES)
    console.state = app.state
    keys, secure = all_key_bytes(settings.session_key), settings.public_url.startswith("https://")
    console.state.console_pages = Pages(secure=secure, demonstration=bool(settings.demonstration))
    console.state.console_sign_in = sign_in.make_client(settings)
    console.state.console_earlier = EarlierSignIns(keys, sign_in.COOKIE, secure=secure)
    console.add_middleware(
        EncryptedSession, keys=keys, secure=secure, name=sign_in.COOKIE, least_needed="after"
    )
    console.mount("/look", look_files())
    console.mount("/static", VersionedFiles(directory=FOLDER / "static"))
    for part in (sign_in, request_list, one_request, ledger, dead_letters, failed_mails, returned_mails):
        console.include_router(part.routes, dependencies=[Depends(empty_if_ended)])
    install_error_pages(console)
    app.mount(PREFIX, console)
