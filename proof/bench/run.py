"""One bench run: the parts that start things themselves, then one stack for all others."""

import asyncio
import shutil
import signal

from deploy.data_folder import data_folder
from deploy.progress import Progress
from proof.bench.capacity import warm_up
from proof.bench.idle import measure_idle
from proof.bench.load import fetch_form
from proof.bench.options import Options
from proof.bench.part import Alone, Bench
from proof.bench.parts import ALONE, ON_STACK
from proof.bench.results import Results
from proof.bench.stack import bench_stack


async def run(options: Options, results: Results, progress: Progress) -> None:
    """Measure the parts asked for; `results` holds what there is even when it ends early.

    Raises `StartFailure` when something cannot start or a load was not taken whole.
    """
    running = asyncio.current_task()
    assert running is not None  # noqa: S101  we are in one
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, running.cancel)
    shutil.rmtree(results.folder / "raw", ignore_errors=True)
    for name, measure_alone in ALONE.items():
        if name in options.parts:
            await measure_alone(Alone(options, results, progress))
    if not {"idle", *ON_STACK} & set(options.parts):
        return
    data = options.folder / "data"
    try:
        with data_folder(data, data, fresh=True):
            await _on_one_stack(options, results, progress)
    finally:
        shutil.rmtree(data, ignore_errors=True)


async def _on_one_stack(options: Options, results: Results, progress: Progress) -> None:
    async with bench_stack(options.folder / "data", progress) as under:
        form = await asyncio.to_thread(fetch_form, under.url("intake"))
        bench = Bench(options, under, form, results, progress)
        if "idle" in options.parts:
            await measure_idle(bench)
        await warm_up(bench)
        for name, measure_part in ON_STACK.items():
            if name in options.parts:
                await measure_part(bench)
