"""Measures each service alone beside its floor, while the workers of the later hops are stopped.

Intake's requests wait in their topic until tracker's worker is started; tracker's events wait until
notifier's worker is started.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from statistics import median

import asyncpg
from aiokafka import AIOKafkaConsumer, TopicPartition

from deploy.failure import StartFailure
from deploy.processes import ROOT
from proof.bench.bench import Bench
from proof.bench.figures.figure import Figure
from proof.bench.floors.bare_pipeline import bare_pipeline, own_database
from proof.bench.floors.insert_rows import insert_rows
from proof.bench.floors.notifier import send_with_library
from proof.bench.load.load import Load
from proof.bench.load.send import NANO, send
from proof.bench.own_process import in_own_process
from proof.bench.sink.sink import open_sink
from shared.database.engine import migrate
from shared.events.topics import LIFECYCLE, PARTITIONS

CLIENTS, REQUESTS = 16, 5_000
DRAIN_SECONDS, SAMPLE_SECONDS, WARM_SHARE = 180.0, 0.03, 0.1
SHARES = {"intake": 0.6, "tracker": 0.5, "notifier": 0.8}
TRACKER, NOTIFIER = WORKERS = ("tracker-worker", "notifier-worker")
Count = Callable[[], Awaitable[int]]


async def measure_alone(bench: Bench) -> None:
    """Measure every hop once in each round, and make the figures `<service>.ratio`."""
    inserts, tracker = await own_database(bench, "bench_inserts"), bench.stack.place.databases["tracker"]
    await asyncio.to_thread(migrate, ROOT / "services" / "tracker" / "migrations", inserts)
    ours, floor = ({name: list[float]() for name in SHARES} for _ in range(2))
    connection, options = await asyncpg.connect(tracker), bench.kafka.client_options()

    async def not_owed() -> int:
        """Return minus the number of mails without an outcome: at 0 the next measurement can start."""
        return -int(await connection.fetchval("select count(*) from owed_mails"))

    async with (
        open_sink(bench.smtp_port, bench.options.folder) as sink,
        bare_pipeline(bench),
        AIOKafkaConsumer(**options) as consumer,
    ):

        async def registered() -> int:
            return sum(
                (
                    await consumer.end_offsets(
                        [TopicPartition(LIFECYCLE, number) for number in range(PARTITIONS)]
                    )
                ).values()
            )

        async def mailed() -> int:
            return sink.count()

        for _ in bench.rounds("Each service alone beside its floor"):
            await drain(not_owed, 0)
            await bench.stack.supervisor.stop(WORKERS)
            floor["intake"].append(
                await _post(bench.load(REQUESTS, port=bench.spare_port, path="/bare", clients=CLIENTS))
            )
            ours["intake"].append(await _post(bench.load(REQUESTS, clients=CLIENTS)))
            ours["tracker"].append(await _start_and_drain(bench, TRACKER, registered))
            await bench.stack.supervisor.stop([TRACKER])
            floor["tracker"].append(await in_own_process(insert_rows, tracker, inserts, REQUESTS))
            floor["notifier"].append(await in_own_process(send_with_library, bench.smtp_port, REQUESTS))
            ours["notifier"].append(await _start_and_drain(bench, NOTIFIER, mailed))
            await bench.start(WORKERS)
    await connection.close()
    bench.results.keep("floors-alone", {"ours": ours, "floor": floor})
    for name, share in SHARES.items():
        bench.results.add(
            Figure(f"{name}.ratio", ours[name], "1/s", None, median(floor[name]), "higher", share)
        )


async def drain(count: Count, amount: int, within: float = DRAIN_SECONDS) -> list[tuple[float, int]]:
    """Sample (monotonic seconds, number done) until `amount` are done.

    Raises `StartFailure` on a time-out.
    """
    samples = [(time.monotonic(), await count())]
    while samples[-1][1] < amount:
        if samples[-1][0] - samples[0][0] > within:
            raise StartFailure(f"Only {samples[-1][1]} of {amount} were done within {within:.0f} s.")
        await asyncio.sleep(SAMPLE_SECONDS)
        done = await count()
        samples.append((time.monotonic(), done))
    return samples


def drain_rate(samples: Sequence[tuple[float, int]], before: int, amount: int) -> float:
    """Return how many of the `amount` that ended at `before` were done per second.

    The first tenth is left out, because joining a group and filling caches are not measured.
    """
    first = next(sample for sample in samples if sample[1] >= before + amount * WARM_SHARE)
    last = next(sample for sample in samples if sample[1] >= before + amount)
    return (last[1] - first[1]) / (last[0] - first[0]) if last[0] > first[0] else amount / SAMPLE_SECONDS


async def _post(load: Load) -> float:
    sent = await send(load)
    if sent.accepted < load.count:
        raise StartFailure(f"Of {load.count} requests {sent.accepted} were accepted: {dict(sent.statuses)}.")
    return load.count / (max(sent.answered) - min(sent.due)) * NANO


async def _start_and_drain(bench: Bench, worker: str, count: Count) -> float:
    before = await count()
    samples, _ = await asyncio.gather(drain(count, before + REQUESTS), bench.start([worker]))
    return drain_rate(samples, before, REQUESTS)
