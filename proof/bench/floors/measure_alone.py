"""Each service alone beside its floor: one hop after the other, while the workers of the later hops are stopped.

Intake's requests wait in their topic until tracker's worker is started; what that registers waits until notifier's worker is started.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from statistics import median

from deploy.failure import StartFailure
from proof.bench.figure import Figure, of_rounds
from proof.bench.floors.drain import drain, drain_rate
from proof.bench.floors.endpoint import FASTEST
from proof.bench.floors.programs import run_once
from proof.bench.floors.topic_ends import TopicEnds, topic_ends
from proof.bench.floors.workers import start_worker, stop_worker, without_workers
from proof.bench.load import Load, generator
from proof.bench.part import Bench
from proof.bench.sink import Sink
from shared.events.topics import LIFECYCLE, MAIL_OUTCOMES

CLIENTS, REQUESTS = 16, 5_000
WITHIN = 180.0
PATH = "/api/v1/requests"
NANO = 1e9
SHARES = {"intake": 0.6, "tracker": 0.5, "notifier": 0.8}
TRACKER, NOTIFIER = "tracker-worker", "notifier-worker"
OUTCOMES_GROUP = "tracker.mail-outcomes"


class Rates:
    """What each service (`ours`), its floor, and the fastest that the same tools can be made to go did a second, round by round."""

    def __init__(self) -> None:
        self.seen: dict[str, dict[str, list[float]]] = {way: {name: [] for name in SHARES} for way in ("ours", "floor", "fastest")}

    def add(self, way: str, service: str, rate: float) -> None:
        """Note one round."""
        self.seen[way][service].append(rate)

    def figures(self) -> list[Figure]:
        """Make `<service>.ratio`, which has the goal, and `<service>.of-fastest`, which is there to be compared."""
        ours, floor, fastest = (self.seen[way] for way in ("ours", "floor", "fastest"))
        ratios = [
            of_rounds(f"{name}.ratio", ours[name], "1/s", floor=median(floor[name]), better="higher", of_floor=share)
            for name, share in SHARES.items()
        ]
        compared = [
            of_rounds(f"{name}.of-fastest", ours[name], "1/s", floor=median(rates), better="higher") for name, rates in fastest.items() if rates
        ]
        return ratios + compared


@dataclass(frozen=True)
class HopByHop:
    """What a round works with: the bare endpoint's port, and a database that has tracker's tables for the raw inserts."""

    bench: Bench
    sink: Sink
    ends: TopicEnds
    endpoint: int
    database: str
    count: int

    async def round(self, rates: Rates) -> None:
        """Do every hop once, beside its floor; afterwards the topics are worked off and the workers stopped again."""
        under, told = self.bench.under, await self._outcomes_read()
        rates.add("floor", "intake", await self._post(self.endpoint))
        rates.add("ours", "intake", await self._post(under.port("intake")))
        rates.add("fastest", "intake", await self._post(self.endpoint, FASTEST))
        rates.add("ours", "tracker", await self._start_and_drain(TRACKER, self._registered))
        await stop_worker(under, TRACKER)
        rates.add("floor", "tracker", await run_once("inserts", under.databases["tracker"], self.database, str(self.count)))
        for way, name in (("floor", "library"), ("fastest", "fastest")):
            rates.add(way, "notifier", await run_once("smtp_loop", str(under.smtp_port), str(self.count), name))
        rates.add("ours", "notifier", await self._start_and_drain(NOTIFIER, self._mailed))
        await start_worker(under, TRACKER)
        await drain(self._outcomes_read, told + self.count, WITHIN)
        await stop_worker(under, NOTIFIER)
        await stop_worker(under, TRACKER)

    async def caught_up(self) -> None:
        """Wait until nothing is left over from what was measured before."""
        await drain(self._outcomes_read, await self.ends.end(MAIL_OUTCOMES), WITHIN)

    async def _post(self, port: int, path: str = PATH) -> float:
        load = Load(port, self.bench.new_run(), self.bench.form, count=self.count, clients=CLIENTS, path=path)
        async with generator(load, self.bench.raw) as ready:
            sent = await ready.go()
        if sent.accepted < load.count:
            raise StartFailure(f"Of {load.count} requests {sent.accepted} were accepted: {dict(sent.statuses)}.")
        return load.count / (max(sent.answered) - sent.began) * NANO

    async def _start_and_drain(self, worker: str, count: Callable[[], Awaitable[int]]) -> float:
        amount = await count() + self.count
        async with asyncio.TaskGroup() as group:
            draining = group.create_task(drain(count, amount, WITHIN))
            await start_worker(self.bench.under, worker)
        return drain_rate(draining.result(), amount - self.count, self.count)

    async def _registered(self) -> int:
        return await self.ends.end(LIFECYCLE)

    async def _mailed(self) -> int:
        return self.sink.count()

    async def _outcomes_read(self) -> int:
        return await self.ends.end(MAIL_OUTCOMES) - await self.ends.lag(MAIL_OUTCOMES, OUTCOMES_GROUP)


async def measure_alone(bench: Bench, sink: Sink, endpoint: int, database: str) -> None:
    """Measure the three; `endpoint` is the bare endpoint's port, `database` has tracker's tables."""
    rates = Rates()
    async with topic_ends(bench.under.kafka, (LIFECYCLE, MAIL_OUTCOMES)) as ends:
        hops = HopByHop(bench, sink, ends, endpoint, database, REQUESTS)
        await hops.caught_up()
        async with without_workers(bench.under):
            for _ in range(bench.options.rounds):
                await hops.round(rates)
    bench.results.keep("floors-alone", rates.seen)
    bench.results.add(*rates.figures())
