"""Shows a citizen the state of a request, and corrects its e-mail address.

A request is found by its work number and e-mail address, or by the signed link of the mail. A work number is
never in a URL.
"""

import re
from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import Any
from uuid import UUID

from fastapi import APIRouter, Response
from starlette.exceptions import HTTPException

from services.intake.form.clean_values import Wrong, canonical_email, clean_value
from services.intake.form.messages import message
from services.intake.site.read_form import read_form
from services.intake.site.same_site import is_from_our_pages
from services.intake.site.sent import correct, recall
from services.intake.site.thanks import number_of
from services.intake.site.view import PHONE, Page, View
from services.intake.status.tracker_client import NothingToCorrect, RequestStatus, TrackerAway, UnknownRequest
from shared.limits.limit import TooMany
from shared.text.texts import fill
from shared.text.typed_text import visible
from shared.text.work_number import InvalidWorkNumber, WrongLength, parse

routes = APIRouter()

EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s.]+")
MAX_LENGTH = 254
SMALL_FORM = 8 * 1024


@routes.get("/seuraa")
async def show_follow(view: Page) -> Response:
    """Ask for the work number and the e-mail address."""
    return _form(view)


@routes.post("/seuraa")
async def follow(view: Page) -> Response:
    """Show the state of a request.

    The form on the front page has the number only; then the e-mail address is asked for.
    """
    form = await read_form(view.request, SMALL_FORM)
    typed = {name: visible(form.get(name, ""))[:MAX_LENGTH] for name in ("work_number", "email")}
    errors = _number_errors(view, typed["work_number"])
    if "email" not in form:
        return _form(view, typed, errors, status=422 if errors else 200)
    errors += _email_errors(view, typed["email"])
    if errors:
        return _form(view, typed, errors, status=422)
    return await _answer(
        view, lambda: view.resources.tracker.status_by_number(typed["work_number"], typed["email"]), typed
    )


@routes.get("/seuraa/{link}")
async def follow_link(view: Page, link: str) -> Response:
    """Show the state of the request of a signed link."""
    return await _answer(view, lambda: view.resources.tracker.status_by_link(link), {}, by_link=True)


@routes.get("/kiitos/{request_id}/seuranta")
async def follow_sent(view: Page, request_id: UUID) -> Response:
    """Show the state of a request that this browser has just sent; others get the form."""
    sent = recall(view.request.session, request_id)
    if sent is None:
        return view.redirect("seuraa")
    number = await number_of(view, request_id, sent)
    if number is None:
        return view.redirect(f"kiitos/{request_id}")
    return await _answer(
        view,
        lambda: view.resources.tracker.status_by_number(number, sent.email),
        {"email": sent.email},
        known=True,
    )


@routes.post("/seuraa/osoite")
async def correct_address(view: Page) -> Response:
    """Correct the address of a request whose mail did not arrive.

    The request is named by its number and its present address.
    """
    if not is_from_our_pages(view.request, view.site.settings.public_url):
        raise HTTPException(HTTPStatus.FORBIDDEN)
    form = await read_form(view.request, SMALL_FORM)
    typed = {name: visible(form.get(name, ""))[:MAX_LENGTH] for name in ("work_number", "email", "corrected")}
    corrected, wrong = _corrected(view, typed["corrected"])
    if corrected and corrected.casefold() == canonical_email(typed["email"]).casefold():
        wrong = [_error("corrected", fill(view.texts.correct.same, phone=PHONE))]
    errors = [*_number_errors(view, typed["work_number"]), *_email_errors(view, typed["email"]), *wrong]
    if errors:
        return _correction(view, typed, errors, status=422)
    try:
        # Before mail goes to an address that was just typed, the caller proves what only the sender knows.
        await _asked(
            view,
            lambda: view.resources.tracker.status_by_number(typed["work_number"], typed["email"]),
            known=False,
        )
        view.resources.caller_limits.correction(view.request, corrected)
        await view.resources.tracker.correct_address(typed["work_number"], typed["email"], corrected)
    except UnknownRequest:
        return _correction(view, typed, [_error("work_number", view.texts.follow.unknown)], status=404)
    except NothingToCorrect:
        return _correction(
            view, typed, [_error("", fill(view.texts.correct.nothing, phone=PHONE))], status=409
        )
    except TooMany as many:
        return _correction(
            view, typed, trouble="too_many", status=429, minutes=many.minutes, headers=many.headers
        )
    except TrackerAway:
        return _correction(view, typed, trouble="away", status=503, headers={"Retry-After": "10"})
    correct(view.request.session, canonical_email(typed["email"]), corrected)
    return view.render("address_corrected.html", email=corrected)


def _corrected(view: View, typed: str) -> tuple[str, list[dict[str, str]]]:
    """Return the address in its stored form, or the errors."""
    field = view.resources.catalogue.services[0].by_name["email"]
    try:
        if email := clean_value(field, typed):
            return email, []
        return "", [_error("corrected", view.texts.correct.missing)]
    except Wrong as wrong:
        return "", [_error("corrected", message(wrong.slug, field, view.language, wrong.over))]


def _correction(
    view: View,
    typed: dict[str, str],
    errors: list[dict[str, str]] | None = None,
    **more: Any,  # noqa: ANN401  render's
) -> Response:
    by_field = {error["field"]: error["message"] for error in errors or []}
    facts = {"by_field": by_field, "typed": typed, "errors": errors or [], "trouble": "", "minutes": 0}
    return view.render("correct_address.html", **{**facts, **more})


async def _answer(
    view: View,
    question: Callable[[], Awaitable[RequestStatus]],
    typed: dict[str, str],
    *,
    by_link: bool = False,
    known: bool = False,
) -> Response:
    try:
        status = await _asked(view, question, known=known or by_link)
    except UnknownRequest:
        return _form(
            view,
            typed,
            [
                _error(
                    "" if by_link else "work_number",
                    view.texts.follow.link_unknown if by_link else view.texts.follow.unknown,
                )
            ],
            status=404,
        )
    except TooMany as many:
        return _form(view, typed, trouble="too_many", status=429, minutes=many.minutes, headers=many.headers)
    except TrackerAway:
        return _form(view, typed, trouble="away", status=503, headers={"Retry-After": "10"})
    return view.render(
        "status.html",
        status_of=status,
        title=view.title_of(status.service, status.service_title),
        email=typed.get("email", ""),
    )


async def _asked(
    view: View, question: Callable[[], Awaitable[RequestStatus]], *, known: bool
) -> RequestStatus:
    # Nothing is guessed with a signed link, or by the browser that sent the request: no limit.
    if not known:
        view.resources.caller_limits.look_up(view.request)
    return await question()


def _form(
    view: View,
    typed: dict[str, str] | None = None,
    errors: list[dict[str, str]] | None = None,
    **more: Any,  # noqa: ANN401  render's
) -> Response:
    by_field = {error["field"]: error["message"] for error in errors or []}
    return view.render(
        "follow.html",
        by_field=by_field,
        **{"typed": typed or {}, "errors": errors or [], "trouble": "", "minutes": 0, **more},
    )


def _number_errors(view: View, typed: str) -> list[dict[str, str]]:
    if not typed:
        return [_error("work_number", view.texts.follow.number_missing)]
    try:
        parse(typed)
    except InvalidWorkNumber as invalid:
        if any(letter.isalpha() for letter in typed):
            return [_error("work_number", view.texts.follow.number_letters)]
        return [
            _error(
                "work_number",
                view.texts.follow.number_length
                if isinstance(invalid, WrongLength)
                else view.texts.follow.number_wrong,
            )
        ]
    return []


def _email_errors(view: View, email: str) -> list[dict[str, str]]:
    if not email:
        return [_error("email", view.texts.follow.email_missing)]
    return [] if EMAIL.fullmatch(email) else [_error("email", view.texts.follow.email_wrong)]


def _error(field: str, message: str) -> dict[str, str]:
    return {"field": field, "message": message}
