"""Does one chaos run: starts the stack, injects faults under load, waits until all is done, audits."""

import asyncio
import base64
import json
import shutil
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import httpx

from deploy.data_folder import data_folder
from deploy.kafka_users import ADMINISTRATOR
from deploy.keys import SEALED_TO
from deploy.ports import free_base
from deploy.progress import Progress
from proof.chaos.audit.gather import Places, gather
from proof.chaos.audit.verdict import Verdict, judge
from proof.chaos.clients.back_office import BackOffice, Credentials
from proof.chaos.clients.operators import look_after_mails
from proof.chaos.clients.poison import Readers, send_poison
from proof.chaos.clients.send_orders import Senders
from proof.chaos.journal import Journal
from proof.chaos.options import Options
from proof.chaos.own_lag import OwnLag, own_lag
from proof.chaos.population import Order, draw_orders
from proof.chaos.stack_under_test import StackUnderTest, stack_under_test
from proof.chaos.storm.plan import Fault, draw_plan, one_of_each
from proof.chaos.storm.run_storm import Storm
from proof.chaos.variants.catalogue import VARIANTS
from proof.chaos.wait_until_done import fetch_ledger, wait_until_done
from shared.crypto.sealing import Sealer

POISON_EVERY = 50
FIRST_BASE = 22_000
CONNECTIONS, SENDING_CLIENTS = 100, 17
PLAIN = False
"""Nothing here speaks TLS, whose context each client would make anew."""
CLIENTS_SECONDS = 240.0


@dataclass(frozen=True)
class Outcome:
    """The results of a run, and how long its parts took."""

    verdict: Verdict
    plan: Sequence[Fault]
    open_at_end: Mapping[str, int]
    seconds: Mapping[str, float]
    lag: OwnLag


async def run(options: Options, progress: Progress) -> Outcome:
    """Do one run; raises `StartFailure` when the stack cannot start or cannot stay up."""
    data, journals = options.folder / "data", options.folder / "journals"
    for folder in (data, journals):
        shutil.rmtree(folder, ignore_errors=True)
    journals.mkdir(parents=True)
    plan = _plan(options)
    (options.folder / "plan.json").write_text(json.dumps([asdict(fault) for fault in plan], indent=1) + "\n")
    progress.say(
        f"Seed {options.seed}: {options.requests} requests, {options.rate:g} a second, {len(plan)} faults"
    )
    progress.say("\n".join(f"  {fault}" for fault in plan))
    broken = VARIANTS[options.variant].broken if options.variant else {}
    clock = [time.monotonic()]
    with data_folder(data, data, fresh=True):
        async with (
            own_lag() as lag,
            stack_under_test(data, free_base(FIRST_BASE), options.brokers, broken, progress) as under,
        ):
            clock.append(time.monotonic())
            verdict, still = await _through_the_storm(options, under, plan, journals, clock, progress)
    names = ("start", "storm", "settle", "audit")
    outcome = Outcome(
        verdict,
        plan,
        still,
        {name: round(end - begin, 1) for name, begin, end in zip(names, clock, clock[1:], strict=False)},
        lag,
    )
    if not options.keep:
        shutil.rmtree(data, ignore_errors=True)
    return outcome


def _plan(options: Options) -> Sequence[Fault]:
    if options.variant:
        return VARIANTS[options.variant].plan
    if options.alone:
        plan = one_of_each(options.seed, short=options.short, brokers=options.brokers)
        return [fault for fault in plan if not options.only or fault.kind in options.only]
    return draw_plan(options.seed, options.seconds, short=options.short, brokers=options.brokers)


async def _through_the_storm(
    options: Options,
    under: StackUnderTest,
    plan: Sequence[Fault],
    journals: Path,
    clock: list[float],
    progress: Progress,
) -> tuple[Verdict, Mapping[str, int]]:
    faults = options.folder / "faults.jsonl"
    async with _clients(under, journals) as (http, senders, back_office):
        with progress.step(f"Sending {options.requests} requests through the storm"), faults.open("w") as log:
            await _send_and_run_storm(
                options,
                under,
                plan,
                senders,
                Storm(under, log, Journal(journals / "logins.jsonl"), alone=options.alone),
                journals,
            )
        clock.append(time.monotonic())
        with progress.step("Faults are over: waiting until all has settled"):
            back_office.resolving = False
            await asyncio.wait_for(back_office.finish(), CLIENTS_SECONDS)
            still = await wait_until_done(under, options.drain_seconds)
            ledger = await fetch_ledger(under, http, back_office)
        clock.append(time.monotonic())
        with progress.step("Auditing"):
            kafka = under.kafka[ADMINISTRATOR].client_options()
            data_key = base64.urlsafe_b64decode(under.stack.secrets["data_key"] + "=")
            places = Places(
                journals,
                faults,
                under.mail_folder / "mail",
                under.mail_folder / "mail.jsonl",
                kafka,
                under.databases,
                data_key,
            )
            verdict = judge(await gather(places, ledger, options.requests))
        clock.append(time.monotonic())
    return verdict, still


@asynccontextmanager
async def _clients(
    under: StackUnderTest, journals: Path
) -> AsyncIterator[tuple[httpx.AsyncClient, Senders, BackOffice]]:
    limits = httpx.Limits(max_connections=CONNECTIONS, max_keepalive_connections=CONNECTIONS // 10)
    # What one client spends on a request grows with the requests and connections that it has: a few hundred
    # would take all the time there is.
    several = [httpx.AsyncClient(timeout=30, limits=limits, verify=PLAIN) for _ in range(SENDING_CLIENTS)]
    credentials: dict[str, str] = under.addresses["credentials"]["backoffice"]
    async with AsyncExitStack() as exits:
        http, *sending = [await exits.enter_async_context(each) for each in several]
        senders = Senders(sending, under.url("intake"), Journal(journals / "senders.jsonl"))
        back_office = BackOffice(
            http,
            under.url("tracker"),
            under.kafka["backoffice"],
            Credentials(**credentials),
            Journal(journals / "back-back_office.jsonl"),
        )
        await senders.learn()
        urls = {name: under.url(name) for name in ("tracker", "notifier")}
        working = asyncio.gather(
            back_office.follow(), look_after_mails(http, urls, under.databases["notifier"], back_office)
        )
        try:
            yield http, senders, back_office
            if working.done():
                await working  # an exception of a client must not go unseen
        finally:
            working.cancel()
            await asyncio.gather(working, return_exceptions=True)


async def _send_and_run_storm(
    options: Options,
    under: StackUnderTest,
    plan: Sequence[Fault],
    senders: Senders,
    storm: Storm,
    journals: Path,
) -> None:
    """Send and inject faults at the same time; go on sending while the storm lasts longer than planned.

    A stack that cannot stay up ends the run.
    """
    started = time.monotonic()
    storming = asyncio.create_task(storm.run(plan, started))

    def enough(order: Order) -> bool:
        return order.number >= options.requests and storming.done()

    poison = Journal(journals / "poison.jsonl")
    readers = Readers(
        *(Sealer(under.stack.secrets[f"{service}_sealing_public_key"]) for service in SEALED_TO)
    )
    jobs: asyncio.Future[Any] = asyncio.gather(
        senders.send_all(draw_orders(options.seed, options.rate), started, enough),
        storming,
        send_poison(
            under.kafka[ADMINISTRATOR],
            readers,
            options.seed,
            max(1, options.requests // POISON_EVERY),
            options.seconds,
            poison,
        ),
    )
    failed: asyncio.Future[Any] = under.stack.supervisor.failed
    await asyncio.wait({jobs, failed}, return_when=asyncio.FIRST_COMPLETED)
    if not jobs.done():
        jobs.cancel()
        await asyncio.gather(jobs, return_exceptions=True)
        await failed
    await jobs
