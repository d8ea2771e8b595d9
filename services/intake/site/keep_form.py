"""Stores a form while it is typed, moves it to another language, and starts it again."""

from dataclasses import replace

from fastapi import APIRouter, Response
from fastapi.responses import JSONResponse

from services.intake.site.form_page import Filled, form_page, not_theirs, read_filled
from services.intake.site.view import Page, View

routes = APIRouter()


@routes.post("/pyynto/{code}/luonnos")
async def keep_form(view: Page, code: str) -> Response:
    """Store what is typed.

    With `show` the form comes back in this page's language, otherwise the script gets its state: `kept`,
    `away` (not stored), `sent` (this form was sent) or `ended` (the visit of its owner was ended). `until` is
    the end of the identification, in seconds since 1970.
    """
    filled = await read_filled(view, code)
    kept = await view.drafts.keep(filled.draft)
    if _is_theirs(view, filled):
        view.use_identity()
    if "show" in await view.request.form():
        if trouble := not_theirs(view, filled):
            return form_page(view, replace(filled, identity=None), trouble=trouble, status=403)
        return view.redirect(f"pyynto/{code}") if kept else form_page(view, filled)
    response = JSONResponse(
        {"state": await _state(view, filled, kept=kept), "until": view.identified_until()},
        headers={"Cache-Control": "no-store"},
    )
    if view.drafts.known:
        view.drafts.remember_browser(response)
    return response


@routes.post("/pyynto/{code}/uusi")
async def begin_anew(view: Page, code: str) -> Response:
    """Remove the draft, or the note that a form was sent, and show a new form with the posted values."""
    filled = await read_filled(view, code)
    if filled.service.authentication == "strong" and filled.identity is None:
        return (
            form_page(view, filled, trouble="expired", status=403)
            if any(filled.values.values())
            else view.redirect(f"tunnistaudu/{code}")
        )
    if any(filled.values.values()) and not _is_theirs(view, filled):
        # The form belongs to somebody else, who finds it again; the person here now gets their own.
        await view.drafts.keep(filled.draft)
        return view.redirect(f"pyynto/{code}")
    await view.drafts.forget(code, filled.person)
    fresh = replace(filled, token=view.site.form_tokens.make(code, filled.person), tried=False)
    if any(fresh.values.values()) and not await view.drafts.keep(fresh.draft):
        return form_page(view, fresh)
    return view.redirect(f"pyynto/{code}")


async def _state(view: View, filled: Filled, *, kept: bool) -> str:
    if filled.service.authentication == "strong" and filled.identity is None and not view.drafts.known:
        return "ended"
    if kept:
        return "kept"
    draft = await view.drafts.find(filled.service.code, filled.person)
    return "sent" if draft and draft.sent_as and draft.token == filled.token else "away"


def _is_theirs(view: View, filled: Filled) -> bool:
    return view.site.form_tokens.is_for(filled.token, filled.service.code, filled.person)
