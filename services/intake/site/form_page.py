"""Shows the form of one service, empty or with what was typed and its errors, and sends it."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from fastapi import APIRouter, Response
from starlette.exceptions import HTTPException

from services.intake.citizen.identity import Identity
from services.intake.form.catalogue import Service
from services.intake.form.validate_form import FieldError, FormErrors, ValidForm, validate_form
from services.intake.problems import Conflict
from services.intake.site.draft import Draft
from services.intake.site.form_token import NOBODY, WELL_FORMED
from services.intake.site.read_form import read_form
from services.intake.site.same_site import is_from_our_pages
from services.intake.site.sent import Sent, remember
from services.intake.site.thanks import number_of
from services.intake.site.view import Page, View
from services.intake.submit.submission import Submission
from services.intake.submit.trace import traceparent_of
from shared.limits.limit import TooMany
from shared.process.logs import get_log
from shared.web.problems import Unavailable

log = get_log(__name__)
routes = APIRouter()

FROM_BANK = frozenset({"first_name", "last_name", "personal_identity_code"})
TRAP = "homepage"
"""A hidden field: only a program that does not read the page fills it in."""
MAX_FORM_BYTES = 256 * 1024
"""In bytes. There is room for a paste that is far too long, so that its error can say by how much."""


@dataclass(frozen=True)
class Filled:
    """A form with what was typed, and the token of its sending.

    `tried`: it was sent once, with errors. `trapped`: the hidden field was filled in.
    """

    service: Service
    identity: Identity | None
    token: str
    values: dict[str, str]
    tried: bool = False
    trapped: bool = False

    @property
    def locked(self) -> frozenset[str]:
        """The names of the fields that only the bank fills in."""
        return FROM_BANK if self.service.authentication == "strong" else frozenset()

    @property
    def person(self) -> str:
        """The person that tokens and drafts of the form are for."""
        return self.identity.personal_identity_code if self.identity else NOBODY

    @property
    def draft(self) -> Draft:
        """What is stored as its draft."""
        return Draft(self.token, self.values, self.tried)


@routes.get("/pyynto/{code}")
async def show_form(view: Page, code: str) -> Response:
    """Show the form, empty or as it was left.

    A service that needs identification asks for it first.
    """
    service = service_or_404(view, code)
    empty = Filled(service, identity_for(view, service), "", {})
    if service.authentication == "strong" and empty.identity is None:
        return view.redirect(f"tunnistaudu/{code}")
    draft = await view.drafts.find(service.code, empty.person)
    if draft is None:
        return form_page(view, replace(empty, token=view.site.form_tokens.make(service.code, empty.person)))
    if draft.sent_as:
        return await _already_sent(view, service, draft.sent_as, draft.sent_at)
    asked = {name: value for name, value in draft.values.items() if name in service.by_name}
    filled = replace(empty, token=draft.token, values=asked, tried=draft.tried)
    return form_page(
        view,
        filled,
        errors=_errors(view, filled) if filled.tried else [],
        restored=any(filled.values.values()),
    )


@routes.post("/pyynto/{code}")
async def send_form(view: Page, code: str) -> Response:
    """Send the form; after any error, all that was typed is still on the page."""
    filled = replace(await read_filled(view, code), tried=True)
    if trouble := not_theirs(view, filled):
        await view.drafts.keep(filled.draft)
        # Nothing of the person who identified last is shown: the form belongs to whom it was opened for.
        return form_page(view, replace(filled, identity=None), trouble=trouble, status=403)
    try:
        return await _submit(view, filled, _valid_form(view, filled))
    except FormErrors as wrong:
        if not filled.trapped and await view.drafts.keep(filled.draft):
            # A redirect, so that Back and reload show the page instead of asking to send again.
            return view.redirect(f"pyynto/{code}")
        return form_page(view, filled, errors=wrong.errors, status=422)
    except Conflict:
        return form_page(view, filled, trouble="conflict", status=409)
    except (TooMany, Unavailable) as refused:
        await view.drafts.keep(filled.draft)
        many = (
            {"trouble": "too_many", "minutes": refused.minutes}
            if isinstance(refused, TooMany)
            else {"trouble": "away"}
        )
        return form_page(view, filled, status=refused.status, headers=refused.headers, **many)


def _valid_form(view: View, filled: Filled) -> ValidForm:
    if filled.trapped:
        log.info("trap_filled", service=filled.service.code)
        raise FormErrors([FieldError(TRAP, view.texts.form.trap_filled)])
    return validate_form(filled.service, filled.values, view.language, filled.identity)


def not_theirs(view: View, filled: Filled) -> str:
    """Return why the person identified now may not send this form; empty if they may."""
    if filled.service.authentication != "strong":
        return ""
    if filled.identity is None:
        return "expired"
    return "" if view.site.form_tokens.is_for(filled.token, filled.service.code, filled.person) else "another"


async def read_filled(view: View, code: str) -> Filled:
    """Read a posted form.

    Raises `HTTPException` 404 for an unknown service, 403 for a form from another site.
    """
    service = service_or_404(view, code)
    if not is_from_our_pages(view.request, view.site.settings.public_url):
        raise HTTPException(403)
    form = await read_form(view.request, MAX_FORM_BYTES)
    trapped = bool(form.get(TRAP, "").strip())
    filled = Filled(
        service,
        identity_for(view, service),
        form.get("token", ""),
        {},
        tried="tried" in form,
        trapped=trapped,
    )
    if not WELL_FORMED.fullmatch(filled.token):
        filled = replace(filled, token=view.site.form_tokens.make(service.code, NOBODY))
    return replace(
        filled, values={name: form.get(name, "") for name in service.by_name if name not in filled.locked}
    )


def _errors(view: View, filled: Filled) -> list[FieldError]:
    try:
        validate_form(filled.service, filled.values, view.language, filled.identity)
    except FormErrors as wrong:
        return wrong.errors
    return []


async def _already_sent(view: View, service: Service, request_id: UUID, sent_at: int) -> Response:
    number = await number_of(view, request_id, Sent(service.code, "", sent_at, spooled=False))
    return _with_cookie(
        view, view.render("already_sent.html", service=service, request_id=request_id, number=number)
    )


async def _submit(view: View, filled: Filled, form: ValidForm) -> Response:
    view.resources.caller_limits.submission(view.request, filled.identity, form.email)
    submission = Submission(
        service=filled.service,
        form=form,
        language=view.language,
        channel="site",
        idempotency_key=f"form:{filled.token}",
        identity=filled.identity,
        traceparent=traceparent_of(view.request.headers),
    )
    accepted = await view.resources.submit_request(submission)
    sent = Sent(
        filled.service.code,
        form.values["email"],
        int(time.time()),
        accepted.spooled,
        filled.service.promises_answer(form.values),
    )
    remember(view.request.session, accepted.request_id, sent)
    await view.drafts.end(filled.token, accepted.request_id)
    return view.redirect(f"kiitos/{accepted.request_id}")


def form_page(
    view: View,
    filled: Filled,
    *,
    errors: Sequence[FieldError] = (),
    trouble: str = "",
    restored: bool = False,
    **more: Any,  # noqa: ANN401  render's
) -> Response:
    """Show a form with all that was typed; `restored` says that it comes from a draft."""
    context: dict[str, Any] = {
        "filled": filled,
        "service": filled.service,
        "errors": errors,
        "by_field": {error.field: error.message for error in errors},
        "trouble": trouble,
        "restored": restored,
        "minutes": 0,
        "trap": TRAP,
        "masked": mask(filled.identity.personal_identity_code) if filled.identity else "",
        "until": view.identified_until(),
    }
    return _with_cookie(view, view.render("form.html", **{**context, **more}))


def _with_cookie(view: View, response: Response) -> Response:
    view.drafts.remember_browser(response)
    return response


def mask(personal_identity_code: str) -> str:
    """Return the birth part, the rest masked: `081181-••••`."""
    return personal_identity_code[:7] + "•" * len(personal_identity_code[7:])


def service_or_404(view: View, code: str) -> Service:
    """Return a service; raises `HTTPException` 404."""
    service = view.resources.catalogue.get(code)
    if service is None:
        raise HTTPException(404)
    return service


def identity_for(view: View, service: Service) -> Identity | None:
    """Return the identity if the service asks for one; feedback needs nothing from the bank."""
    return view.identity() if service.authentication == "strong" else None
