"""Puts the API together: submission, catalogue, and the operators' view of the spool."""

from fastapi import FastAPI

from services.intake.api import requests, services, spool
from services.intake.settings import Settings


def install_api(app: FastAPI, settings: Settings) -> None:
    """Add the routes of the API; called after `install_problems`, and before the site's error pages."""
    requests.install_routes(app)
    app.include_router(services.routes)
    app.include_router(spool.spool_routes(settings))
