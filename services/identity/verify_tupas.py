"""Decides whether a bank's TUPAS response is valid: right bank, right request, fresh, plausible. Pure."""

import re
from datetime import UTC, datetime, timedelta

from stdnum.fi import ytunnus

from services.identity.tupas import HELSINKI, Keys, Request, Response, TupasRefused, Unverified, check_mac
from shared.auth.personal_identity_code import is_plain_code

CLOCK_SKEW = timedelta(minutes=5)

NOT_IDENTIFIED = {
    "00": "no-identifier",
    "10": "nothing-found",
    "11": "user-without-code",
    "12": "company-without-id",
}
"""B02K_CUSTTYPE of a response that identifies nobody → the reason, as a slug."""

IDTYPES_BY_CUSTTYPE = {
    "01": ("02", "12", "32"),
    "02": ("03", "13", "33"),
    "03": ("22", "32"),
    "05": ("01", "11", "31"),
    "06": ("21", "31"),
    "08": ("42",),
    "09": ("41",),
}
"""B02K_CUSTTYPE → the A01Y_IDTYPEs that it answers.

The agreements with the banks say that the basic identifier (0x) is the henkilötunnus.
"""

PLAIN_CODE = "01"
"""The only B02K_CUSTTYPE whose identifier is a plain henkilötunnus."""


def verify_response(
    unverified: Unverified, *, bank_number: str, keys: Keys, asked: Request, now: datetime
) -> Response:
    """Return the response if it is this bank's fresh answer to `asked`; raises `TupasRefused` otherwise.

    An accepted response can still say that nobody was identified (`NOT_IDENTIFIED`). `now` has a time zone.
    """
    response = unverified.response
    check_mac(response, unverified.mac, keys)
    if response.stamp != asked.stamp:
        raise TupasRefused("another-stamp")
    if response.timestmp[:3] != bank_number:
        raise TupasRefused("another-bank")
    if clock_difference(response.timestmp, now) > CLOCK_SKEW:
        raise TupasRefused("clock-skew")
    if response.custtype not in NOT_IDENTIFIED and asked.idtype not in IDTYPES_BY_CUSTTYPE.get(
        response.custtype, ()
    ):
        raise TupasRefused("another-identifier")
    if not _plausible(response):
        raise TupasRefused("malformed-identifier")
    return response


def has_plain_code(response: Response) -> bool:
    """Return whether a verified response holds a plain henkilötunnus.

    The same field can hold an encrypted one, a part of one or a company's id.
    """
    return response.custtype == PLAIN_CODE and is_plain_code(response.custid)


def clock_difference(timestmp: str, now: datetime) -> timedelta:
    """Return how far a B02K_TIMESTMP is from `now`, never negative; raises `TupasRefused` when it is no time.

    When summer time ends, a local hour comes twice; the nearer of the two counts.
    """
    try:
        local = datetime.strptime(timestmp[3:17], "%Y%m%d%H%M%S").replace(tzinfo=HELSINKI)
    except ValueError:
        raise TupasRefused("malformed-field") from None
    return min(abs(now.astimezone(UTC) - local.replace(fold=fold).astimezone(UTC)) for fold in (0, 1))


def _plausible(response: Response) -> bool:
    if response.custtype == PLAIN_CODE:
        return is_plain_code(response.custid)
    if response.custtype == "02":
        return re.fullmatch("[0-9]{3}[0-9A-Y]", response.custid) is not None
    if response.custtype == "03":
        return bool(ytunnus.is_valid(response.custid))
    return True
