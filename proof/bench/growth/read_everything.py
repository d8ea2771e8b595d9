"""Measures read-only calls of the API and the console, each alone."""

import re
import time
from statistics import median

import httpx

from proof.bench.bench import Bench

CALLS, SHORT_CALLS = 30, 5
HTTP_TIMEOUT_SECONDS = 30.0
HIDDEN = re.compile(r'name="attempt" value="([^"]+)"')
LISTS = {
    "newest": "",
    "queue": "?queue=laskutus&state=received",
    "waiting": "?state=waiting_for_customer",
    "closed": "?state=closed&queue=palaute",
    "overdue": "?overdue=true",
    "service": "?service=pyyda-laskukopio",
    "seldom-used-service": "?service=toimittajatietojen-muutos-yritys",
    "long-ago": "?submitted_before=2024-12-01T00:00:00Z",
}
SEARCHES = {"seldom-name": "Harvinainen Nimi", "common-name": "Virtanen", "full-name": "Virtanen Aino"}


async def read_everything(bench: Bench, address: str, request_id: str) -> dict[str, float]:
    """Return the median milliseconds of each call.

    `address` and `request_id` belong to an existing request.
    """
    calls, taken = SHORT_CALLS if bench.options.short else CALLS, {}
    headers = {"Authorization": f"Bearer {await bench.back_office_token()}"}
    async with httpx.AsyncClient(
        base_url=bench.stack.place.url("tracker"), timeout=HTTP_TIMEOUT_SECONDS, headers=headers
    ) as http:
        for name, query in LISTS.items():
            taken[name] = await _median_ms(http, calls, f"/api/v1/requests{query}")
        for name, words in {**SEARCHES, "email": address}.items():
            taken[name] = await _median_ms(http, calls, "/api/v1/requests/search", {"q": words})
        taken["ledger"] = await _median_ms(http, calls, "/api/v1/ledger")
        taken["one-request"] = await _median_ms(http, calls, f"/api/v1/requests/{request_id}")
    async with httpx.AsyncClient(
        base_url=bench.stack.place.url("tracker"), timeout=HTTP_TIMEOUT_SECONDS, follow_redirects=True
    ) as http:
        attempt = HIDDEN.findall((await http.get("/console/login")).text)
        form = {**bench.credentials["operator"], "attempt": "".join(attempt[:1])}
        (await http.post(f"{bench.stack.place.url('identity')}/staff", data=form)).raise_for_status()
        http.follow_redirects = False
        taken["console"] = await _median_ms(http, calls, "/console/")
    return taken


async def _median_ms(http: httpx.AsyncClient, calls: int, path: str, body: object = None) -> float:
    taken: list[float] = []
    while len(taken) <= calls and sum(taken) < HTTP_TIMEOUT_SECONDS * 1000:
        started = time.perf_counter()
        answer = await (http.get(path) if body is None else http.post(path, json=body))
        taken.append((time.perf_counter() - started) * 1000)
        answer.raise_for_status()
    return median(taken[1:] or taken)
