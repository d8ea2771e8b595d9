"""What a stranger may do how often at identity; the login of staff has its own throttle (`staff/throttle.py`)."""

from starlette.requests import Request

from services.identity.resources import Resources
from shared.limits.caller import caller_of
from shared.limits.limit import Limit

ATTEMPTS = Limit("attempts", most=60, seconds=600)
"""Attempts to identify, by caller: each keeps rows of its own for a quarter of an hour."""
BANK_STEPS = Limit("bank-steps", most=300, seconds=600)
"""Pages of a simulated bank sent, by caller: an identification takes four."""


def count(resources: Resources, request: Request, limit: Limit) -> None:
    """Count one deed of a caller; raises `TooMany`."""
    resources.limits.hit(limit, caller_of(request.client.host if request.client else ""))
