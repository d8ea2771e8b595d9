"""All routes of identity, in the order in which they are searched."""

from collections.abc import Sequence

from fastapi import APIRouter, Response

from services.identity.bank.routes import routes as bank_routes
from services.identity.citizen.return_from_bank import routes as tupas_routes
from services.identity.oidc import authorize, discovery, token, userinfo
from services.identity.resources import Using
from services.identity.staff import account_epochs
from services.identity.staff.log_in import routes as staff_routes

colours = APIRouter(include_in_schema=False)


@colours.get("/bank-colours.css")
async def bank_colours(resources: Using) -> Response:
    """Return the style sheet of the banks' colours; its address changes with its content."""
    return Response(
        resources.pages.bank_colours,
        media_type="text/css",
        headers={"Cache-Control": "public, max-age=31536000, immutable"},
    )


ROUTES: Sequence[APIRouter] = (
    discovery.routes,
    authorize.routes,
    token.routes,
    userinfo.routes,
    tupas_routes,
    staff_routes,
    account_epochs.routes,
    bank_routes,
    colours,
)
