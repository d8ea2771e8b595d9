"""Following a request: by its work number and e-mail address, or by the signed link of the mail. A work number is never in an address."""

import math
import re
from collections.abc import Awaitable, Callable
from typing import Any

from fastapi import APIRouter, Response

from services.intake.ask_tracker import RequestStatus, TooManyAttempts, TrackerAway, UnknownRequest
from services.intake.site.read_form import read_form
from services.intake.site.view import Page, View
from shared.typed_text import visible
from shared.work_number import InvalidWorkNumber, WrongLength, parse

routes = APIRouter()

EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s.]+")
LONGEST = 254
SMALL_FORM = 8 * 1024


@routes.get("/seuraa")
async def show_follow(view: Page) -> Response:
    """Ask for the work number and the e-mail address."""
    return _form(view)


@routes.post("/seuraa")
async def follow(view: Page) -> Response:
    """Show the state of a request; the front page's box gives the number only, and the e-mail address is asked for next."""
    form = await read_form(view.request, SMALL_FORM)
    typed = {name: visible(form.get(name, ""))[:LONGEST] for name in ("work_number", "email")}
    errors = _number_errors(view, typed["work_number"])
    if "email" not in form:
        return _form(view, typed, errors, status=422 if errors else 200)
    errors += _email_errors(view, typed["email"])
    if errors:
        return _form(view, typed, errors, status=422)
    return await _answer(view, lambda: view.intake.tracker.status_by_number(typed["work_number"], typed["email"]), typed)


@routes.get("/seuraa/{link}")
async def follow_link(view: Page, link: str) -> Response:
    """Show the state of the request that a signed link leads to."""
    return await _answer(view, lambda: view.intake.tracker.status_by_link(link), {}, by_link=True)


async def _answer(view: View, question: Callable[[], Awaitable[RequestStatus]], typed: dict[str, str], *, by_link: bool = False) -> Response:
    wrong = view.texts.follow
    try:
        status = await _asked(view, question, by_link=by_link)
    except UnknownRequest:
        return _form(view, typed, [_error("" if by_link else "work_number", wrong.link_unknown if by_link else wrong.unknown)], status=404)
    except TooManyAttempts as many:
        minutes = math.ceil(many.retry_after / 60)
        return _form(view, typed, trouble="too_many", status=429, minutes=minutes, headers={"Retry-After": str(math.ceil(many.retry_after))})
    except TrackerAway:
        return _form(view, typed, trouble="away", status=503, headers={"Retry-After": "10"})
    return view.render("status.html", status_of=status)


async def _asked(view: View, question: Callable[[], Awaitable[RequestStatus]], *, by_link: bool) -> RequestStatus:
    # Whoever has a signed link guesses nothing.
    if not by_link:
        await view.intake.attempts.check(view.request.client.host if view.request.client else "")
    return await question()


def _form(view: View, typed: dict[str, str] | None = None, errors: list[dict[str, str]] | None = None, **more: Any) -> Response:  # noqa: ANN401  render's
    by_field = {error["field"]: error["message"] for error in errors or []}
    return view.render("follow.html", by_field=by_field, **{"typed": typed or {}, "errors": errors or [], "trouble": "", "minutes": 0, **more})


def _number_errors(view: View, typed: str) -> list[dict[str, str]]:
    texts = view.texts.follow
    if not typed:
        return [_error("work_number", texts.number_missing)]
    try:
        parse(typed)
    except InvalidWorkNumber as invalid:
        if any(letter.isalpha() for letter in typed):
            return [_error("work_number", texts.number_letters)]
        return [_error("work_number", texts.number_length if isinstance(invalid, WrongLength) else texts.number_wrong)]
    return []


def _email_errors(view: View, email: str) -> list[dict[str, str]]:
    texts = view.texts.follow
    if not email:
        return [_error("email", texts.email_missing)]
    return [] if EMAIL.fullmatch(email) else [_error("email", texts.email_wrong)]


def _error(field: str, message: str) -> dict[str, str]:
    return {"field": field, "message": message}
