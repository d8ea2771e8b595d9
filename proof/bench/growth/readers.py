"""Those who only read: a back office over the API, an operator at the console; each call timed alone."""

import re
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from statistics import median
from typing import Any, NamedTuple

import httpx

from proof.bench.part import Bench

CALLS, SHORT_CALLS = 30, 5
SECONDS = 30.0
HIDDEN = re.compile(r'name="attempt" value="([^"]+)"')


class Call(NamedTuple):
    """One call to tracker; `body` is posted as JSON where there is one."""

    name: str
    path: str
    body: Mapping[str, Any] | None = None


CALLS_OF_THE_BACK_OFFICE = (
    Call("newest", "/api/v1/requests"),
    Call("queue", "/api/v1/requests?queue=laskutus&state=received"),
    Call("waiting", "/api/v1/requests?state=waiting_for_customer"),
    Call("closed", "/api/v1/requests?state=closed&queue=palaute"),
    Call("overdue", "/api/v1/requests?overdue=true"),
    Call("service", "/api/v1/requests?service=pyyda-laskukopio"),
    Call("seldom-used-service", "/api/v1/requests?service=toimittajatietojen-muutos-yritys"),
    Call("long-ago", "/api/v1/requests?submitted_before=2024-12-01T00:00:00Z"),
    Call("seldom-name", "/api/v1/requests/search", {"q": "Harvinainen Nimi"}),
    Call("common-name", "/api/v1/requests/search", {"q": "Virtanen"}),
    Call("full-name", "/api/v1/requests/search", {"q": "Virtanen Aino"}),
    Call("ledger", "/api/v1/ledger"),
)


async def read_everything(bench: Bench, address: str, request_id: str) -> dict[str, float]:
    """Give the median milliseconds of each call; `address` and `request_id` are those of a request that is there. What is not served is left out."""
    calls = SHORT_CALLS if bench.options.short else CALLS
    own = (Call("email", "/api/v1/requests/search", {"q": address}), Call("one-request", f"/api/v1/requests/{request_id}"))
    taken: dict[str, float] = {}
    async with _back_office(bench) as http:
        for call in (*CALLS_OF_THE_BACK_OFFICE, *own):
            if (await _ask(http, call)).status_code != httpx.codes.NOT_FOUND:
                taken[call.name] = await _median_ms(http, call, calls)
    async with _operator(bench) as http:
        taken["console"] = await _median_ms(http, Call("console", "/console/"), calls)
    return taken


async def _median_ms(http: httpx.AsyncClient, call: Call, calls: int) -> float:
    taken = []
    for _ in range(calls):
        started = time.perf_counter()
        answer = await _ask(http, call)
        taken.append((time.perf_counter() - started) * 1000)
        answer.raise_for_status()
        if sum(taken) > SECONDS * 1000:
            break
    return median(taken)


async def _ask(http: httpx.AsyncClient, call: Call) -> httpx.Response:
    return await (http.get(call.path) if call.body is None else http.post(call.path, json=call.body))


@asynccontextmanager
async def _back_office(bench: Bench) -> AsyncIterator[httpx.AsyncClient]:
    given = bench.under.addresses["credentials"]["backoffice"]
    async with httpx.AsyncClient(base_url=bench.under.url("tracker"), timeout=SECONDS) as http:
        form = {"grant_type": "client_credentials", "scope": given["scope"]}
        answer = await http.post(given["token_endpoint"], data=form, auth=(given["client_id"], given["client_secret"]))
        http.headers["Authorization"] = f"Bearer {answer.raise_for_status().json()['access_token']}"
        yield http


@asynccontextmanager
async def _operator(bench: Bench) -> AsyncIterator[httpx.AsyncClient]:
    given = bench.under.addresses["credentials"]["operator"]
    async with httpx.AsyncClient(base_url=bench.under.url("tracker"), timeout=SECONDS, follow_redirects=True) as http:
        page = await http.get("/console/login")
        attempt = HIDDEN.search(page.text)
        form = {**given, "attempt": attempt.group(1) if attempt else ""}
        (await http.post(f"{bench.under.url('identity')}/staff", data=form)).raise_for_status()
        http.follow_redirects = False
        yield http
