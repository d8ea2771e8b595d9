"""The console put together: an app of its own under `/console`, with its session, pages and error pages."""

from pathlib import Path

from fastapi import FastAPI

from services.tracker.console import dead_letters, failed_mails, ledger, one_request, request_list, returned_mails, sign_in
from services.tracker.console.pages import PREFIX, Pages, install_error_pages
from services.tracker.settings import TrackerSettings
from shared.look.look import VersionedFiles, look_files
from shared.session import EncryptedSession
from shared.settings import all_key_bytes

FOLDER = Path(__file__).parent
COOKIE = "asiointi-console"
MAX_BODY_BYTES = 100_000


def install_console(app: FastAPI, settings: TrackerSettings) -> None:
    """Mount the console on tracker's app; it shares the app's `state`, where the resources are while it runs."""
    console = FastAPI(title="Asiointi: console", openapi_url=None, max_body_size=MAX_BODY_BYTES)
    console.state = app.state
    console.state.console_pages = Pages(secure=settings.public_url.startswith("https://"), demonstration=bool(settings.demonstration))
    console.state.console_sign_in = sign_in.make_client(settings)
    console.add_middleware(
        EncryptedSession,
        keys=all_key_bytes(settings.session_key),
        secure=settings.public_url.startswith("https://"),
        name=COOKIE,
        least_needed="after",
    )
    console.mount("/look", look_files())
    console.mount("/static", VersionedFiles(directory=FOLDER / "static"))
    for part in (sign_in, request_list, one_request, ledger, dead_letters, failed_mails, returned_mails):
        console.include_router(part.routes)
    install_error_pages(console)
    app.mount(PREFIX, console)
