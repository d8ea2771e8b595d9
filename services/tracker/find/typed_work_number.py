"""A work number that a human typed, over HTTP: a wrong one gets an error that says so."""

from http import HTTPStatus

from shared.text import work_number
from shared.web.problems import Problem


class InvalidWorkNumber(Problem):
    """422: not a work number.

    `reason` is `wrong-length` or `wrong-check-digit` (a digit is wrong or two are swapped).
    """

    status = HTTPStatus.UNPROCESSABLE_ENTITY
    slug = "invalid-work-number"
    title = "This is no work number"


def read_work_number(text: str, field: str = "work_number") -> str:
    """Return the digits; raises `InvalidWorkNumber`."""
    try:
        return work_number.parse(text)
    except work_number.InvalidWorkNumber as error:
        raise InvalidWorkNumber(
            str(error), reason=error.reason, errors=[{"field": field, "message": str(error)}]
        ) from None
