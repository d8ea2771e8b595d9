"""Serves `/staff/accounts`: the epoch of each staff account, a digest of its password hash and roles.

A service that signs staff in ends the sessions of an account whose epoch has changed, or that was removed.
"""

import base64
import hashlib
import json
from http import HTTPStatus

from fastapi import APIRouter, Request
from sqlmodel import select
from starlette.responses import JSONResponse

from services.identity.login.client_authentication import authenticate_client
from services.identity.login.errors import OAuthError
from services.identity.login.parameters import RepeatedParameter, read_parameters
from services.identity.models import Staff
from services.identity.resources import Using
from shared.web.transaction import Transaction

routes = APIRouter(tags=["staff"])

PATH = "/staff/accounts"


def epoch_of(staff: Staff) -> str:
    """Return a digest that changes with the password or the roles; sessions of another epoch are ended."""
    facts = json.dumps([staff.password_hash, sorted(staff.roles)])
    return base64.urlsafe_b64encode(hashlib.sha256(facts.encode()).digest()).decode().rstrip("=")


@routes.post(PATH, summary="Return the current epoch of each staff account")
async def accounts(request: Request, resources: Using, session: Transaction) -> JSONResponse:
    """Return `{"epochs": {sub: epoch}}` to a client that signs staff in, authenticated as at `/token`."""
    try:
        form = read_parameters(await request.body())
    except RepeatedParameter:
        raise OAuthError("invalid_request", "a parameter came more than once") from None
    client = await authenticate_client(session, resources, request.headers.get("Authorization"), form)
    if client.login != "staff":
        raise OAuthError("unauthorized_client", "the client signs no staff in", status=HTTPStatus.FORBIDDEN)
    epochs = {str(staff.id): epoch_of(staff) for staff in await session.scalars(select(Staff))}
    return JSONResponse({"epochs": epochs}, headers={"Cache-Control": "no-store"})
