"""The part `floors`: everything beside the least that can do it, in the same run on the same servers."""

import asyncio
from urllib.parse import urlsplit

from deploy.postgres import ensure_database
from deploy.processes import ROOT
from deploy.supervise import Supervisor
from proof.bench.floors.measure_alone import measure_alone
from proof.bench.floors.measure_whole import measure_whole
from proof.bench.floors.programs import app_program, pipeline_programs
from proof.bench.floors.settings import prepare
from proof.bench.part import Bench
from proof.bench.sink import fast_sink
from shared.database import migrate

TRACKER_TABLES = ROOT / "services" / "tracker" / "migrations"
DATABASES = PIPELINE, INSERTS = "bench_pipeline", "bench_inserts"
PASSWORD = "bench"  # noqa: S105  of a database that lives as long as the run


async def measure_floors(bench: Bench) -> None:
    """Start the floors beside the product, measure both in turns, and stop them."""
    under, folder = bench.under, bench.under.data / "floors"
    folder.mkdir(exist_ok=True)
    pipeline, inserts = [await _database(under.admin, name) for name in DATABASES]
    await asyncio.to_thread(migrate, TRACKER_TABLES, inserts)
    async with fast_sink(under.smtp_port, folder) as sink:
        settings = await prepare(under.kafka, pipeline, under.smtp_port)
        supervisor = Supervisor(folder, bench.progress.say)
        hops = pipeline_programs(settings, under.spare_port, folder)
        try:
            with bench.progress.step("The whole beside the bare pipeline"):
                await asyncio.gather(*map(supervisor.start, hops))
                await measure_whole(bench, sink, supervisor.pids, under.spare_port)
                await supervisor.stop([program.name for program in hops])
            if bench.options.short:
                return  # workers are stopped and started for each service alone, which takes longer than all of a short run
            with bench.progress.step("Each service alone beside its floor"):
                await supervisor.start(app_program("floor-endpoint", "endpoint", settings, under.spare_port + 1))
                await measure_alone(bench, sink, under.spare_port + 1, inserts)
        finally:
            await supervisor.stop(list(supervisor.pids))


async def _database(admin: str, name: str) -> str:
    await ensure_database(admin, name, PASSWORD)
    parts = urlsplit(admin)
    return parts._replace(netloc=f"{name}:{PASSWORD}@{parts.netloc.rpartition('@')[2]}", path=f"/{name}").geturl()
