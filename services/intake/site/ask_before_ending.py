"""Ends a visit from a form; if something is typed in the form, a page asks first."""

from fastapi import APIRouter, Response

from services.intake.site.form_page import read_filled
from services.intake.site.identify import end_visit
from services.intake.site.view import Page

routes = APIRouter()


@routes.post("/pyynto/{code}/lopeta")
async def ask_before_ending(view: Page, code: str) -> Response:
    """End the visit at once if nothing is typed, otherwise ask first.

    The page carries what is typed, so that going back needs no draft.
    """
    filled = await read_filled(view, code)
    if not any(filled.values.values()):
        return await end_visit(view)
    return view.render("ask_before_ending.html", filled=filled, service=filled.service)
