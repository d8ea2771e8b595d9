"""Routes of the pages that are only read: front page, contacts, services, questions, statements, state."""

from typing import Literal

from fastapi import APIRouter, Response
from fastapi.responses import HTMLResponse

from services.intake.site.view import Page

routes = APIRouter(default_response_class=HTMLResponse)

ROLES: dict[str, Literal["person", "company"]] = {"yksityishenkilo": "person", "yritys": "company"}


@routes.get("/")
async def front(view: Page) -> Response:
    """Show the front page."""
    return view.render("front.html", catalogue=view.resources.catalogue)


@routes.get("/asiakaspalvelu")
async def customer_service(view: Page) -> Response:
    """Show the contact details and the choice of a role."""
    return view.render("customer_service.html")


@routes.get("/palvelut")
async def to_customer_service(view: Page) -> Response:
    """Redirect to the choice of a role."""
    return view.redirect("asiakaspalvelu")


@routes.get("/palvelut/yksityishenkilo")
@routes.get("/palvelut/yritys")
async def services(view: Page) -> Response:
    """Show the services for one role, in three columns."""
    role = ROLES[view.request.url.path.rsplit("/", 1)[-1]]
    return view.render("services.html", catalogue=view.resources.catalogue, role=role)


@routes.get("/ukk")
async def questions(view: Page) -> Response:
    """Show questions and answers."""
    return view.render("questions.html")


@routes.get("/saavutettavuus")
async def accessibility(view: Page) -> Response:
    """Show the accessibility statement."""
    return view.render("statement.html", statement=view.texts.accessibility)


@routes.get("/tietosuoja")
async def privacy(view: Page) -> Response:
    """Show how personal data is handled."""
    return view.render("statement.html", statement=view.texts.privacy)


@routes.get("/palvelun-tila")
async def state_of_service(view: Page) -> Response:
    """Show which parts of the service work."""
    state = await view.resources.state_of_service.read()
    return view.render("state.html", state=state)
