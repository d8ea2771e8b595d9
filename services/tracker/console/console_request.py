"""One HTTP request to the console: its operator, database session and resources, and its answer."""

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

MAX_AGE_SECONDS = 10.0
"""Seconds: how old the shown ledger may be. The ledger's watch reads it more often than that."""


@dataclass(frozen=True, slots=True)
class ConsoleRequest:
    """One HTTP request of a signed-in operator."""

    request: Request
    operator: Operator
    session: AsyncSession
    resources: Resources
    ledger: Ledger

    @property
    def by(self) -> By:
        """The operator, as histories and the log of reads record it."""
        return By("staff", self.operator.username[:100])

    async def render(self, template: str, *, status: int = 200, **context: Any) -> HTMLResponse:  # noqa: ANN401  a template's own
        """Answer with a page inside the frame that all pages have."""
        figures = await read_figures(self.session)
        pages: Pages = self.request.app.state.console_pages
        frame = {
            "figures": figures,
            "ledger": self.ledger,
            "verdict": all_well(pages.texts, figures, self.ledger),
            "operator": self.operator,
            "here": "",
        }
        return pages.render(template, status, {**frame, **context})

    async def once(self, act: Callable[[], Awaitable[Response]]) -> Response:
        """Run `act` once per form: a double click or a reload gets the first answer again."""
        fields = [
            (name, str(value)) for name, value in (await self.request.form()).multi_items() if name != "csrf"
        ]
        sent = [self.request.url.path, *(part for field in sorted(fields) for part in field)]
        once = Once(f"console\n{self.operator.username}", dict(fields).get("once") or None, tuple(sent))
        return await answer_once(self.session, once.of_its_own(), act)

    async def once_then(self, page: str, act: Callable[[], Awaitable[object]]) -> Response:
        """Run `act` once per form, then redirect to a page of the console."""

        async def do() -> Response:
            await act()
            return RedirectResponse(f"{PREFIX}/{page}", status_code=303)

        return await self.once(do)


async def _ledger(resources: GivenResources, _: SignedIn) -> Ledger:
    with away_is_unavailable():
        return await resources.ledger.ledger(max_age=MAX_AGE_SECONDS)


GivenLedger: TypeAlias = Annotated[Ledger, Depends(_ledger)]
"""Read before the transaction of the HTTP request begins: it takes a database connection of its own."""


async def _console(
    request: Request, operator: SignedIn, resources: GivenResources, ledger: GivenLedger, session: Transaction
) -> ConsoleRequest:
    return ConsoleRequest(request, operator, session, resources, ledger)


GivenConsole: TypeAlias = Annotated[ConsoleRequest, Depends(_console, scope="function")]
