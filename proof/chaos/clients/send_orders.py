"""Sends the run's orders when they are due, over the API and through the form."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterable, Sequence
from functools import partial
from itertools import takewhile
from typing import Any
from urllib.parse import urljoin, urlsplit

import httpx

from proof.chaos.clients.form_page import Form, find_form
from proof.chaos.clients.over_http import Answer, attempt, retry_until_answered
from proof.chaos.journal import Journal
from proof.chaos.population import Order

SERVICE = "pyyda-laskukopio"
LAST_RESORT = {"delivery": "sahkoposti"}
INVALID_CODE = "131052308T"
Body = dict[str, str]
Send = Callable[[], Awaitable[tuple[int, str | None]]]


class Senders:
    """All senders; `site` is the address of the API and the pages."""

    def __init__(self, clients: Sequence[httpx.AsyncClient], site: str, journal: Journal) -> None:
        self._clients = clients
        self._site = site
        self._journal = journal
        self._example: Body = {}
        self.done = 0

    async def learn(self) -> None:
        """Fetch the API's example as the body to send."""
        answer = await self._clients[0].get(f"{self._site}/api/v1/services/{SERVICE}")
        example: dict[str, Any] = answer.raise_for_status().json()["form_schema"]["examples"][0]
        self._example = {name: str(value) for name, value in example.items()}

    async def send_all(
        self, orders: Iterable[Order], started: float, enough: Callable[[Order], bool]
    ) -> None:
        """Send every order concurrently when it is due, until `enough`; `started` is in monotonic seconds."""
        async with asyncio.TaskGroup() as group:
            for order in takewhile(lambda order: not enough(order), orders):
                await asyncio.sleep(max(0.0, started + order.due - time.monotonic()))
                group.create_task(self._send(order))

    async def _send(self, order: Order) -> None:
        try:
            await (self._over_api(order) if order.way == "api" else self._by_form(order))
        finally:
            self.done += 1

    def _body(self, order: Order, email: str) -> Body:
        body = self._example | {"email": email, "first_name": f"Tilaaja{order.number % 97}"}
        return body | ({"personal_identity_code": INVALID_CODE} if order.manner == "invalid" else {})

    async def _over_api(self, order: Order) -> None:
        def post(email: str) -> Send:
            return partial(self._post_json, order, self._body(order, email))

        await self._in_its_manner(order, post)

    async def _by_form(self, order: Order) -> None:
        """Open the page until it comes, fill it in, send it; repeats use the same hidden token."""
        page = f"{self._site}/{order.language}/pyynto/{SERVICE}"
        async with httpx.AsyncClient(timeout=30, verify=False) as browser:  # noqa: S501  plain HTTP; a browser each, for each has cookies of its own
            form = await _open_form(browser, page)
            if form is None:
                self._journal.write("no-page", order=order.number)
                return

            def post(email: str) -> Send:
                return partial(_post_form, browser, page, form, self._body(order, email))

            await self._in_its_manner(order, post)

    async def _in_its_manner(self, order: Order, post: Callable[[str], Send]) -> None:
        first = partial(self._once, order, "first", post(order.email))
        if order.manner == "twice":
            # A double click: both are under way at once.
            await asyncio.gather(*(retry_until_answered(first, persists=order.persists) for _ in range(2)))
            return
        answer = await retry_until_answered(first, persists=order.persists)
        if order.manner == "other-body" and answer.reply == "accepted":
            await self._once(order, "other", post(order.other_email))

    async def _once(self, order: Order, body: str, send: Send) -> Answer:
        answer = await attempt(send)
        email = order.email if body == "first" else order.other_email
        self._journal.write(
            "submit",
            order=order.number,
            body=body,
            email=email,
            language=order.language,
            way=order.way,
            manner=order.manner,
            **answer.facts(),
        )
        return answer

    async def _post_json(self, order: Order, body: Body) -> tuple[int, str | None]:
        answer = await self._clients[order.number % len(self._clients)].post(
            f"{self._site}/api/v1/requests",
            json={"service": SERVICE, "language": order.language, "form": body},
            headers={"Idempotency-Key": order.key},
        )
        return answer.status_code, str(answer.json()["request_id"]) if answer.is_success else None


async def _open_form(browser: httpx.AsyncClient, page: str) -> Form | None:
    found: list[Form] = []

    async def get() -> tuple[int, str | None]:
        answer = await browser.get(page)
        if answer.is_success:
            found.append(find_form(answer.text, "email"))
        return answer.status_code, None

    await retry_until_answered(partial(attempt, get), persists=True)
    return found[-1] if found else None


async def _post_form(browser: httpx.AsyncClient, page: str, form: Form, body: Body) -> tuple[int, str | None]:
    """Submit the form as a browser would.

    The thank-you page's address contains the request id; the form again means a refusal.
    """
    typed = {name: body.get(name, value) for name, value in form.values.items()}
    chosen = {
        name: body.get(name, LAST_RESORT.get(name, values[0]))
        for name, values in form.choices.items()
        if values
    }
    answer = await browser.post(urljoin(page, form.action or page), data=typed | chosen)
    if not answer.is_redirect:
        return answer.status_code, None
    led_to = urljoin(page, answer.headers["Location"])
    return (422, None) if led_to == page else (202, urlsplit(led_to).path.rstrip("/").rpartition("/")[2])
