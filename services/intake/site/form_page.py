"""The form of one service: shown empty, shown again with what is wrong, and sent."""

import re
import secrets
import time
from dataclasses import dataclass
from typing import Any

from fastapi import APIRouter, Response
from starlette.exceptions import HTTPException

from services.intake.catalogue import Service
from services.intake.identity import Identity
from services.intake.problems import Conflict
from services.intake.site.read_form import read_form
from services.intake.site.same_site import is_from_our_pages
from services.intake.site.sent import Sent, remember
from services.intake.site.view import Page, View
from services.intake.submit_request import Submission, submit_request
from services.intake.trace import traceparent_of
from services.intake.validate_form import FieldError, FormErrors, ValidForm, validate_form
from shared.problems import Unavailable

routes = APIRouter()

TOKEN = re.compile(r"[A-Za-z0-9_-]{20,64}")
TOLD_BY_BANK = frozenset({"first_name", "last_name", "personal_identity_code"})
LONGEST_FORM = 128 * 1024


@dataclass(frozen=True)
class Filled:
    """A form as somebody filled it in: what is typed and which sending it belongs to."""

    service: Service
    identity: Identity | None
    token: str
    values: dict[str, str]

    @property
    def locked(self) -> frozenset[str]:
        """Give the names of the fields that the bank filled in."""
        return TOLD_BY_BANK if self.identity else frozenset()


@routes.get("/pyynto/{code}")
async def show_form(view: Page, code: str) -> Response:
    """Show the empty form; a service that needs it asks for identification first."""
    service = _service_or_404(view, code)
    identity = _identity_for(view, service)
    if service.authentication == "strong" and identity is None:
        return view.redirect(f"tunnistaudu/{code}")
    return _page(view, Filled(service, identity, secrets.token_urlsafe(24), {}))


@routes.post("/pyynto/{code}")
async def send_form(view: Page, code: str) -> Response:
    """Send the form; whatever goes wrong, the page comes back with everything typed still in it."""
    service = _service_or_404(view, code)
    if not is_from_our_pages(view.request, view.site.settings.public_url):
        raise HTTPException(403)
    filled = await _read(view, service)
    if service.authentication == "strong" and filled.identity is None:
        return _page(view, filled, trouble="expired", status=403)
    try:
        form = validate_form(service, filled.values, view.language, filled.identity)
        return await _submit(view, filled, form)
    except FormErrors as wrong:
        return _page(view, filled, errors=wrong.errors, status=422)
    except Conflict:
        return _page(view, filled, trouble="conflict", status=409)
    except Unavailable as away:
        return _page(view, filled, trouble="away", status=503, headers=away.headers)


async def _read(view: View, service: Service) -> Filled:
    form = await read_form(view.request, LONGEST_FORM)
    token = form.get("token", "")
    identity = _identity_for(view, service)
    values = {name: form.get(name, "") for name in service.by_name if not (identity and name in TOLD_BY_BANK)}
    return Filled(service, identity, token if TOKEN.fullmatch(token) else secrets.token_urlsafe(24), values)


async def _submit(view: View, filled: Filled, form: ValidForm) -> Response:
    submission = Submission(
        service=filled.service,
        form=form,
        language=view.language,
        channel="site",
        idempotency_key=f"form:{filled.token}",
        identity=filled.identity,
        traceparent=traceparent_of(view.request.headers),
    )
    accepted = await submit_request(view.intake, submission)
    sent = Sent(filled.service.code, form.values["email"], int(time.time()), accepted.spooled)
    remember(view.request.session, accepted.request_id, sent)
    return view.redirect(f"kiitos/{accepted.request_id}")


def _page(view: View, filled: Filled, *, errors: list[FieldError] | None = None, trouble: str = "", **more: Any) -> Response:  # noqa: ANN401  render's
    context: dict[str, Any] = {
        "filled": filled,
        "service": filled.service,
        "errors": errors or [],
        "by_field": {error.field: error.message for error in errors or []},
        "trouble": trouble,
        "masked": mask(filled.identity.personal_identity_code) if filled.identity else "",
    }
    return view.render("form.html", **{**context, **more})


def mask(personal_identity_code: str) -> str:
    """Show the birth part only: `081181-••••`."""
    return personal_identity_code[:7] + "•" * len(personal_identity_code[7:])


def _service_or_404(view: View, code: str) -> Service:
    service = view.intake.catalogue.get(code)
    if service is None:
        raise HTTPException(404)
    return service


def _identity_for(view: View, service: Service) -> Identity | None:
    """Use the identity only where the service asks for one: feedback need not carry what the bank told."""
    return view.identity() if service.authentication == "strong" else None
