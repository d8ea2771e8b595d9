"""What intake refuses, as problem details in the caller's language."""

from collections.abc import Sequence
from http import HTTPStatus

from services.intake.form.catalogue import Text
from services.intake.form.validate_form import FieldError
from shared.events.vocabulary import Language
from shared.web.name_faults import Fault, field_of
from shared.web.problems import InvalidFields, Problem

OTHERWISE: Language = "en"
"""For callers that name no language of ours: programmers read it."""


class MalformedJson(Problem):
    """400: the body is no JSON."""

    status = HTTPStatus.BAD_REQUEST
    slug = "malformed-json"
    title = "The body is not JSON"


class WrongMediaType(Problem):
    """415: the body is not declared as JSON."""

    status = HTTPStatus.UNSUPPORTED_MEDIA_TYPE
    slug = "wrong-media-type"
    title = "Send the body as application/json"


class NotIdentified(Problem):
    """401: the service needs a citizen's access token, and there is none that holds."""

    status = HTTPStatus.UNAUTHORIZED
    slug = "identification-needed"
    title = "This service needs a strong identification"


class Conflict(Problem):
    """409: the same idempotency key came with another body; the first one stands."""

    status = HTTPStatus.CONFLICT
    slug = "idempotency-conflict"
    title = "This key was already used for another request"


TITLES: dict[str, Text] = {
    "malformed-json": Text(
        fi="Pyynnön sisältö ei ole JSONia", sv="Innehållet är inte JSON", en="The body is not JSON"
    ),
    "wrong-media-type": Text(
        fi="Lähetä pyyntö muodossa application/json",
        sv="Skicka innehållet som application/json",
        en="Send the body as application/json",
    ),
    "body-too-long": Text(
        fi="Pyynnön sisältö on liian pitkä", sv="Innehållet är för långt", en="The body is too long"
    ),
    "identification-needed": Text(
        fi="Tämä palvelu vaatii vahvan tunnistautumisen",
        sv="Den här tjänsten kräver stark identifiering",
        en="This service needs a strong identification",
    ),
    "idempotency-conflict": Text(
        fi="Tällä avaimella on jo lähetetty toinen pyyntö, ja se on voimassa",
        sv="Med den här nyckeln har redan ett annat ärende skickats, och det gäller",
        en="Another request was already sent with this key, and it stands",
    ),
    "invalid-fields": Text(
        fi="Joitakin kenttiä puuttuu tai ne ovat väärin",
        sv="Några fält saknas eller är fel",
        en="Some fields are missing or wrong",
    ),
    "not-found": Text(fi="Ei löydy", sv="Hittades inte", en="Not found"),
    "too-many-requests": Text(
        fi="Liian monta pyyntöä lyhyessä ajassa. Yritä myöhemmin uudelleen.",
        sv="För många anrop på kort tid. Försök igen senare.",
        en="Too many requests in a short time. Try again later.",
    ),
    "unavailable": Text(
        fi="Pyyntöäsi ei voitu ottaa vastaan juuri nyt. Yritä hetken kuluttua uudelleen.",
        sv="Ditt ärende kunde inte tas emot just nu. Försök igen om en stund.",
        en="This cannot be done just now. Try again in a moment.",
    ),
}


NO_SERVICE = Text(
    fi="Tällaista palvelua ei ole; katso GET /api/v1/services",
    sv="En sådan tjänst finns inte; se GET /api/v1/services",
    en="There is no such service; see GET /api/v1/services",
)
NO_REQUEST = Text(
    fi="Tällä tunnuksella ei ole pyyntöä",
    sv="Det finns inget ärende med detta id",
    en="There is no request with this id",
)


def told_in(language: Language, problem: Problem) -> Problem:
    """Give the same problem with its title in a language."""
    title = TITLES.get(problem.slug)
    if title:
        problem.title = title.in_language(language)
    return problem


def invalid_form(errors: Sequence[FieldError], language: Language) -> Problem:
    """Make the problem for a form's errors."""
    return told_in(
        language, InvalidFields([{"field": error.field, "message": error.message} for error in errors])
    )


SHAPE: dict[str, Text] = {
    "missing": Text(fi="Tämä puuttuu", sv="Detta saknas", en="This is missing"),
    "extra_forbidden": Text(
        fi="Tällaista kenttää ei ole", sv="Ett sådant fält finns inte", en="There is no such field"
    ),
    "literal_error": Text(
        fi="Anna jokin näistä: fi, sv, en", sv="Ange något av dessa: fi, sv, en", en="Give one of: fi, sv, en"
    ),
    "string_type": Text(
        fi="Anna tämä merkkijonona", sv="Ange detta som en sträng", en="Give this as a string"
    ),
    "dict_type": Text(
        fi="Anna tämä JSON-oliona", sv="Ange detta som ett JSON-objekt", en="Give this as a JSON object"
    ),
    "model_type": Text(
        fi="Anna tämä JSON-oliona", sv="Ange detta som ett JSON-objekt", en="Give this as a JSON object"
    ),
    "uuid_parsing": Text(
        fi="Anna pyynnön tunnus, jonka sait lähetyksen vastauksessa (request_id), esimerkiksi 0190163d-8694-739b-aea5-966c26f8ad91",
        sv="Ange ärendets id som du fick i svaret på sändningen (request_id), till exempel 0190163d-8694-739b-aea5-966c26f8ad91",
        en="Give the request_id that the answer to the sending gave, such as 0190163d-8694-739b-aea5-966c26f8ad91",
    ),
}
TWICE = Text(
    fi="Tämä on pyynnössä kahdesti",
    sv="Detta finns två gånger i innehållet",
    en="This stands in the body twice",
)
WRONG = Text(fi="Tämä ei kelpaa", sv="Detta duger inte", en="This is not acceptable")


IN_FORM = "form."
"""The form's own fields are named without it, whatever is wrong with them."""


def invalid_shape(faults: Sequence[Fault], language: Language) -> Problem:
    """Make the problem for a body or a parameter that is not of the right shape, from pydantic's faults."""
    errors = [
        {
            "field": field_of(fault).removeprefix(IN_FORM) or "form",
            "message": SHAPE.get(fault["type"], WRONG).in_language(language),
        }
        for fault in faults[:20]
    ]
    return told_in(language, InvalidFields(errors))
