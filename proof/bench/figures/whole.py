"""Measures the whole product beside the bare pipeline, in turns on the same servers.

Submissions from POST to mail, then their resolutions by a back office.
"""

from statistics import median

from proof.bench.bench import Bench
from proof.bench.figures.measure import Measured, measure, rate_and_cpu
from proof.bench.figures.processes import Roots
from proof.bench.floors.bare_pipeline import bare_pipeline
from proof.bench.sink.sink import Sink, open_sink

CLIENTS, REQUESTS, SHORT_REQUESTS = 16, 4_000, 100
SUBMISSION_GOALS = {"rate": 750.0, "of_floor": 0.75, "cpu": 2.5}
OF_SUBMISSIONS, OF_FLOOR = 0.5, 0.6
"""Goals of resolutions: as a share of the rate of submissions, and of their floor."""
Both = tuple[Measured, Measured]


async def measure_whole(bench: Bench) -> None:
    """Alternate the floor and the product; the first pass of each is not counted."""
    count = SHORT_REQUESTS if bench.options.short else REQUESTS
    ports = bench.stack.place.ports
    async with open_sink(bench.smtp_port, bench.options.folder) as sink, bare_pipeline(bench) as bare:

        async def both(count: int) -> tuple[Both, Both]:
            floor = await _pass(bench, sink, count, (bench.spare_port, bench.spare_port), bare)
            return floor, await _pass(bench, sink, count, (ports.intake, ports.tracker), bench.pids)

        await both(count // 4)
        rounds = [await both(count) for _ in bench.rounds("The whole beside the bare pipeline")]
    floor, ours = zip(*rounds, strict=True)
    (submitted, resolved), (floor_submitted, floor_resolved) = (
        zip(*ours, strict=True),
        zip(*floor, strict=True),
    )
    rate_and_cpu(bench, "whole", submitted, floor_submitted, **SUBMISSION_GOALS)
    half = OF_SUBMISSIONS * median(each.rate for each in submitted)
    rate_and_cpu(bench, "resolutions", resolved, floor_resolved, rate=half, of_floor=OF_FLOOR)


async def _pass(bench: Bench, sink: Sink, count: int, ports: tuple[int, int], roots: Roots) -> Both:
    submitted = await measure(bench, bench.load(count, port=ports[0], clients=CLIENTS), sink, roots)
    targets, token = submitted.sent.request_ids, await bench.back_office_token()
    resolutions = bench.load(count, port=ports[1], clients=CLIENTS, targets=targets, token=token)
    return submitted, await measure(bench, resolutions, sink, roots)
