"""What a page of the console works with: the operator, the database, and the frame around every page."""

from dataclasses import dataclass
from typing import Annotated, Any, TypeAlias

from fastapi import Depends, Request
from fastapi.responses import HTMLResponse
from sqlalchemy.ext.asyncio import AsyncSession

from services.tracker.console.all_well import all_well
from services.tracker.console.figures import read_figures
from services.tracker.console.operator import Operator, SignedIn
from services.tracker.console.pages import Pages
from services.tracker.resources import GivenResources, Resources, Transaction

AT_MOST_OLD = 10.0
"""Seconds; the watch reads the ledger more often than that."""


@dataclass(frozen=True, slots=True)
class Desk:
    """One request of a signed-in operator."""

    request: Request
    operator: Operator
    session: AsyncSession
    resources: Resources

    async def render(self, template: str, *, status: int = 200, **context: Any) -> HTMLResponse:  # noqa: ANN401  a template's own
        """Answer with a page and its rail."""
        figures, ledger = await read_figures(self.session), await self.resources.ledger.ledger(at_most_old=AT_MOST_OLD)
        pages: Pages = self.request.app.state.console_pages
        frame = {"figures": figures, "ledger": ledger, "verdict": all_well(figures, ledger), "operator": self.operator, "here": ""}
        return pages.render(template, status, {**frame, **context})


async def _desk(request: Request, operator: SignedIn, session: Transaction, resources: GivenResources) -> Desk:
    return Desk(request, operator, session, resources)


AtDesk: TypeAlias = Annotated[Desk, Depends(_desk, scope="function")]
