"""API of the catalogue: which services there are, and the JSON Schema of each form."""

from typing import Annotated

from fastapi import APIRouter, Header, Query, Request

from services.intake.api.models import ServiceDescription, ServiceSummary, problem
from services.intake.form.catalogue import Service
from services.intake.form.json_schema import form_schema
from services.intake.problems import DEFAULT_LANGUAGE, translate
from services.intake.resources import Resources
from services.intake.texts import texts_in
from shared.events.vocabulary import Language
from shared.web.languages import preferred_language
from shared.web.problems import NotFound

routes = APIRouter(prefix="/api/v1", tags=["catalogue"])

LanguageWanted = Annotated[
    Language | None,
    Query(description="Language of titles, descriptions and links; by default `Accept-Language`'s"),
]
AcceptLanguage = Annotated[str, Header(include_in_schema=False)]


@routes.get("/services", summary="What is on offer")
async def list_services(
    request: Request, language: LanguageWanted = None, accept_language: AcceptLanguage = ""
) -> list[ServiceSummary]:
    """Return every service in the order of the site: private persons' first."""
    resources: Resources = request.app.state.resources
    chosen = language or preferred_language(accept_language, DEFAULT_LANGUAGE)
    return [
        ServiceSummary.model_validate(_summary(request, service, chosen))
        for service in resources.catalogue.services
    ]


@routes.get(
    "/services/{code}", responses={404: problem("There is no such service")}, summary="What one form asks"
)
async def get_service(
    request: Request, code: str, language: LanguageWanted = None, accept_language: AcceptLanguage = ""
) -> ServiceDescription:
    """Return one service with the JSON Schema of its form.

    `examples` of the schema holds a form that is accepted.
    """
    resources: Resources = request.app.state.resources
    chosen = language or preferred_language(accept_language, DEFAULT_LANGUAGE)
    service = resources.catalogue.get(code)
    if service is None:
        raise translate(NotFound(texts_in(chosen).api["no-service"]), chosen)
    described = {
        "minutes": service.minutes,
        "due_days": service.due_days,
        "form_schema": form_schema(service, chosen),
    }
    return ServiceDescription.model_validate(_summary(request, service, chosen) | described)


def _summary(request: Request, service: Service, language: Language) -> dict[str, object]:
    public_url: str = request.app.state.public_url
    facts = service.model_dump(include={"code", "title", "summary", "roles", "group", "authentication"})
    return facts | {"url": f"{public_url}/{language}/pyynto/{service.code}"}
