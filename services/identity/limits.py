"""Limits how often one caller may start or continue a login; staff logins have `staff/throttle.py`."""

from starlette.requests import Request

from services.identity.resources import Resources
from shared.limits.caller import caller_of
from shared.limits.limit import Limit

ATTEMPTS = Limit("attempts", most=60, seconds=600)
"""Login attempts per caller: each attempt adds rows that are kept for a quarter of an hour."""
BANK_STEPS = Limit("bank-steps", most=300, seconds=600)
"""Forms sent to a simulated bank per caller: one identification takes four."""


def count(resources: Resources, request: Request, limit: Limit) -> None:
    """Count one request of a caller; raises `TooMany` when the limit is reached."""
    resources.limits.hit(limit, caller_of(request.client.host if request.client else ""))
