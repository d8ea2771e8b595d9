"""Errors of the submission API, as problem details in the caller's language."""

from collections.abc import Sequence
from http import HTTPStatus

from services.intake.form.validate_form import FieldError
from services.intake.texts import texts_in
from shared.events.vocabulary import Language
from shared.web.problems import InvalidFields, Problem
from shared.web.validation_messages import Fault, field_of

DEFAULT_LANGUAGE: Language = "en"
"""The language of errors where the caller names none that we have."""


class MalformedJson(Problem):
    """400: the body is not JSON."""

    status = HTTPStatus.BAD_REQUEST
    slug = "malformed-json"
    title = "The body is not JSON"


class WrongMediaType(Problem):
    """415: the body is not declared as JSON."""

    status = HTTPStatus.UNSUPPORTED_MEDIA_TYPE
    slug = "wrong-media-type"
    title = "Send the body as application/json"


class NotIdentified(Problem):
    """401: the service needs a citizen's access token, and none that is valid came."""

    status = HTTPStatus.UNAUTHORIZED
    slug = "identification-needed"
    title = "This service needs a strong identification"


class Conflict(Problem):
    """409: the same idempotency key came with another body; the first request is kept."""

    status = HTTPStatus.CONFLICT
    slug = "idempotency-conflict"
    title = "This key was already used for another request"


def translate(problem: Problem, language: Language) -> Problem:
    """Set the title of a problem in a language, and return the problem."""
    problem.title = texts_in(language).api.titles.get(problem.slug, problem.title)
    return problem


def invalid_form(errors: Sequence[FieldError], language: Language) -> Problem:
    """Return the problem that names a form's errors."""
    return translate(
        InvalidFields([{"field": error.field, "message": error.message} for error in errors]), language
    )


IN_FORM = "form."
"""Fields of the form are named without this prefix in every error."""


def invalid_shape(faults: Sequence[Fault], language: Language) -> Problem:
    """Return the problem for a body or parameter of a wrong shape, from pydantic's faults.

    At most 20 are named.
    """
    texts = texts_in(language)
    errors = [
        {
            "field": field_of(fault).removeprefix(IN_FORM) or "form",
            "message": texts.api.shapes.get(fault["type"], texts.api.wrong),
        }
        for fault in faults[:20]
    ]
    return translate(InvalidFields(errors), language)
