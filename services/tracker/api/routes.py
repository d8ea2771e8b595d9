"""The back-office API, put together."""

from fastapi import APIRouter

from services.tracker.api.dead_letters import dead_letter_routes
from services.tracker.api.failed_mails import failed_mail_routes
from services.tracker.api.ledger import ledger_routes
from services.tracker.api.reads import reads_routes
from services.tracker.api.requests import request_routes
from services.tracker.api.returned_mails import returned_mail_routes
from services.tracker.api.skipped import skipped_routes
from services.tracker.api.status import status_routes
from services.tracker.api.unsendable import unsendable_routes
from services.tracker.resources import GivenResources
from shared.auth.authorize import TokenVerifier

ROUTES = (
    request_routes,
    reads_routes,
    status_routes,
    dead_letter_routes,
    ledger_routes,
    skipped_routes,
    unsendable_routes,
    failed_mail_routes,
    returned_mail_routes,
)


def api_routes(verifier: TokenVerifier) -> APIRouter:
    """Return all routes; each asks `verifier` for the scope that it needs."""
    together = APIRouter()
    for routes in ROUTES:
        together.include_router(routes(verifier))

    @together.get("/.well-known/sealing-key", tags=["keys"])
    async def sealing_key(resources: GivenResources) -> dict[str, str]:
        """Return the public key to seal texts to (HPKE, ML-KEM-768 + X25519, HKDF-SHA256, AES-256-GCM)."""
        return {"public_key": resources.keyring.public_key}

    return together
