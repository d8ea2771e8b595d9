"""What a page of the console works with: the operator, the database, and the frame around every page."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Annotated, Any, TypeAlias

from fastapi import Depends, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from sqlalchemy.ext.asyncio import AsyncSession

from services.tracker.console.all_well import all_well
from services.tracker.console.figures import read_figures
from services.tracker.console.operator import Operator, SignedIn
from services.tracker.console.pages import PREFIX, Pages
from services.tracker.domain import By
from services.tracker.handle.answer_once import Once, answer_once
from services.tracker.ledger.overdue import Ledger
from services.tracker.resources import GivenResources, Resources
from shared.web.transaction import Transaction, away_is_unavailable

AT_MOST_OLD = 10.0
"""Seconds; the watch reads the ledger more often than that."""


@dataclass(frozen=True, slots=True)
class Desk:
    """One request of a signed-in operator."""

    request: Request
    operator: Operator
    session: AsyncSession
    resources: Resources
    ledger: Ledger

    @property
    def by(self) -> By:
        """Name the operator, for histories and the log of reads."""
        return By("staff", self.operator.username[:100])

    async def render(self, template: str, *, status: int = 200, **context: Any) -> HTMLResponse:  # noqa: ANN401  a template's own
        """Answer with a page and its rail."""
        figures = await read_figures(self.session)
        pages: Pages = self.request.app.state.console_pages
        frame = {
            "figures": figures,
            "ledger": self.ledger,
            "verdict": all_well(figures, self.ledger),
            "operator": self.operator,
            "here": "",
        }
        return pages.render(template, status, {**frame, **context})

    async def once(self, act: Callable[[], Awaitable[Response]]) -> Response:
        """Do what the form asks for; the same form sent twice (a double click, a reload) is done once and answered alike."""
        fields = [
            (name, str(value)) for name, value in (await self.request.form()).multi_items() if name != "csrf"
        ]
        sent = [self.request.url.path, *(part for field in sorted(fields) for part in field)]
        once = Once(f"console\n{self.operator.username}", dict(fields).get("once") or None, tuple(sent))
        return await answer_once(self.session, once.of_its_own(), act)

    async def once_then(self, page: str, act: Callable[[], Awaitable[object]]) -> Response:
        """Do what the form asks for once, and lead on to a page of the console."""

        async def do() -> Response:
            await act()
            return RedirectResponse(f"{PREFIX}/{page}", status_code=303)

        return await self.once(do)


async def _ledger(resources: GivenResources, _: SignedIn) -> Ledger:
    with away_is_unavailable():
        return await resources.ledger.ledger(at_most_old=AT_MOST_OLD)


GivenLedger: TypeAlias = Annotated[Ledger, Depends(_ledger)]
"""Read before the request's own transaction begins: it takes a connection of its own."""


async def _desk(
    request: Request, operator: SignedIn, resources: GivenResources, ledger: GivenLedger, session: Transaction
) -> Desk:
    return Desk(request, operator, session, resources, ledger)


AtDesk: TypeAlias = Annotated[Desk, Depends(_desk, scope="function")]
