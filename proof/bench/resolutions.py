"""Resolutions a second: a back office resolves over the API, until the mail with the resolution is out."""

import httpx

from proof.bench.capacity import one_round
from proof.bench.figure import of_rounds
from proof.bench.load import Load
from proof.bench.measure import Measured, measure
from proof.bench.part import Bench
from proof.bench.sink import Sink, fast_sink

CLIENTS = 16
REQUESTS, SHORT_REQUESTS = 2_000, 200


async def measure_resolutions(bench: Bench) -> None:
    """In each round send requests, and when their receipts are out resolve all of them."""
    count = SHORT_REQUESTS if bench.options.short else REQUESTS
    async with fast_sink(bench.under.smtp_port, bench.raw) as sink:
        rounds = []
        for turn in range(bench.options.rounds):
            with bench.progress.step(f"Resolutions, round {turn + 1} of {bench.options.rounds}"):
                rounds.append(await _round(bench, sink, count))
    bench.results.keep("resolutions", [{"seconds": each.seconds, "cpu_ms": each.cpu_ms} for each in rounds])
    bench.results.add(
        of_rounds("resolutions.requests", [each.rate for each in rounds], "1/s", better="higher"),
        of_rounds("resolutions.cpu", [sum(each.cpu_ms.values()) for each in rounds], "ms"),
    )


async def _round(bench: Bench, sink: Sink, count: int) -> Measured:
    registered = await one_round(bench, sink, CLIENTS, count)
    load = Load(
        port=bench.under.port("tracker"),
        run=bench.new_run(),
        form={},
        count=count,
        clients=CLIENTS,
        targets=registered.sent.request_ids,
        token=await _token(bench),
    )
    return await measure(bench, load, sink)


async def _token(bench: Bench) -> str:
    given = bench.under.addresses["credentials"]["backoffice"]
    form = {"grant_type": "client_credentials", "scope": given["scope"]}
    async with httpx.AsyncClient() as http:
        answer = await http.post(given["token_endpoint"], data=form, auth=(given["client_id"], given["client_secret"]))
    return str(answer.raise_for_status().json()["access_token"])
