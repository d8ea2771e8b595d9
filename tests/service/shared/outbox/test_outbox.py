"""An outbox publishes in order per request, also when its processes are frozen, cut off or killed."""

import asyncio
import json
import random
import signal
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path
from urllib.parse import urlsplit
from uuid import UUID, uuid4

import pytest
from asyncpg.exceptions import InterfaceError, PostgresError

from proof.chaos.fault_proxy import FaultProxy
from shared.kafka.connection import KafkaConnection
from shared.kafka.producer import EventProducer
from shared.outbox.lease import Lease, LeaseLost
from shared.outbox.tables import LANES
from tests.conftest import FreshDatabase
from tests.eventually import eventually
from tests.service.shared.outbox.outbox_process import OLDER_LOCK, publisher
from tests.service.shared.outbox.outbox_under_test import OutboxUnderTest, outbox_under_test
from tests.service.tracker.published_events import read_topic
from tests.service.tracker.running_loops import running_loop

TAKEN_OVER_WITHIN = 60.0
"""A lease, a renewal, and a process that starts on a busy machine."""
VALUES = [str(number).encode() for number in range(40)]


@pytest.fixture
async def outbox(
    fresh_database: FreshDatabase, kafka: KafkaConnection, tmp_path: Path
) -> AsyncIterator[OutboxUnderTest]:
    async with outbox_under_test(await fresh_database("outbox"), kafka, tmp_path) as outbox:
        yield outbox


def requests(number: int = 40) -> list[UUID]:
    return [uuid4() for _ in range(number)]


async def sharing(outbox: OutboxUnderTest, *shares: int) -> None:
    async def shared() -> bool:
        return await outbox.shares() == sorted(shares)

    await eventually(shared, TAKEN_OVER_WITHIN)


async def test_two_processes_share_the_lanes_and_one_that_stops_leaves_its_own_at_once(
    outbox: OutboxUnderTest,
) -> None:
    asked = requests()
    async with outbox.process() as first:
        await sharing(outbox, LANES)
        async with outbox.process():
            await sharing(outbox, LANES // 2, LANES // 2)
            await outbox.add(asked, VALUES)
            await eventually(outbox.is_empty)
            first.terminate()
            await asyncio.wait_for(first.wait(), 5)

            async def all_are_the_others() -> bool:
                return await outbox.shares() == [LANES]

            await eventually(all_are_the_others, 3)
            await outbox.add(asked, [b"later"])
            await eventually(outbox.is_empty)
    assert await outbox.published() == {request: [*VALUES, b"later"] for request in asked}
    assert b"republished" not in outbox.log.read_bytes()


async def test_a_frozen_owner_stops_nobody_and_does_nothing_more_when_it_thaws(
    outbox: OutboxUnderTest,
) -> None:
    asked = requests()
    async with outbox.process() as frozen, outbox.process():
        await sharing(outbox, LANES // 2, LANES // 2)
        adding = asyncio.create_task(outbox.add(asked, VALUES))
        await asyncio.sleep(0.05)
        frozen.send_signal(signal.SIGSTOP)
        await adding
        await sharing(outbox, LANES)
        await eventually(outbox.is_empty, TAKEN_OVER_WITHIN)
        frozen.send_signal(signal.SIGCONT)
        await sharing(outbox, LANES // 2, LANES // 2)
        await outbox.add(asked, [b"later"])
        await eventually(outbox.is_empty)
    assert await outbox.published() == {request: [*VALUES, b"later"] for request in asked}


async def test_a_single_process_that_was_frozen_and_restarted_publishes_at_once(
    outbox: OutboxUnderTest,
) -> None:
    asked = requests(5)
    began = time.monotonic()
    async with outbox.process() as frozen:
        await sharing(outbox, LANES)
        start = time.monotonic() - began
        frozen.send_signal(signal.SIGSTOP)
        await outbox.add(asked, VALUES)
        frozen.kill()
    async with outbox.process():
        await eventually(outbox.is_empty, 2 * start + 6)
    assert await outbox.published() == dict.fromkeys(asked, VALUES)


async def test_killed_between_ack_and_mark_a_process_publishes_again_and_counts_it(
    outbox: OutboxUnderTest, tmp_path: Path
) -> None:
    asked = requests(5)
    await outbox.add(asked, VALUES[:8])
    (tmp_path / "entries.after-ack").touch()
    began = time.monotonic()
    async with outbox.process(CRASH_POINTS=str(tmp_path)) as killed:
        assert await asyncio.wait_for(killed.wait(), TAKEN_OVER_WITHIN) == -signal.SIGKILL
    start = time.monotonic() - began
    assert not await outbox.is_empty()
    async with outbox.process():
        await eventually(outbox.is_empty, 2 * start + 6)
    records = await read_topic(outbox.kafka, outbox.topic)
    assert len(records) == 40 + 40
    assert len({record.headers for record in records}) == 40, "a repeat has the same id"
    logged = [json.loads(line) for line in outbox.log.read_text().splitlines() if "republished" in line]
    assert [line["count"] for line in logged] == [40]
    assert await outbox.published() == dict.fromkeys(asked, VALUES[:8])


async def test_an_owner_that_is_cut_off_from_the_database_is_replaced(outbox: OutboxUnderTest) -> None:
    address, asked = urlsplit(outbox.dsn), requests()
    async with FaultProxy(address.port or 0) as proxy:
        through_it = address._replace(
            netloc=address.netloc.replace(f":{address.port}", f":{proxy.port}")
        ).geturl()
        async with outbox.process(through_it), outbox.process():
            await sharing(outbox, LANES // 2, LANES // 2)
            proxy.set("half-open")
            await outbox.add(asked, VALUES)
            await eventually(outbox.is_empty, TAKEN_OVER_WITHIN)
            proxy.set("pass")
            await sharing(outbox, LANES // 2, LANES // 2)
    assert await outbox.published() == dict.fromkeys(asked, VALUES)


async def test_order_holds_through_many_take_overs(outbox: OutboxUnderTest) -> None:
    asked, chance, values = requests(), random.Random(4711), [str(number).encode() for number in range(300)]

    async def add_all() -> None:
        for value in values:
            await outbox.add(asked, [value])

    async with AsyncExitStack() as stack:
        running_ones = [await stack.enter_async_context(outbox.process()) for _ in range(3)]
        adding = asyncio.create_task(add_all())
        while not adding.done() or not await outbox.is_empty():
            await asyncio.sleep(chance.uniform(0.2, 0.8))
            victim = running_ones.pop(chance.randrange(3))
            victim.send_signal(chance.choice([signal.SIGSTOP, signal.SIGKILL, signal.SIGTERM]))
            running_ones.append(await stack.enter_async_context(outbox.process()))
            if chance.random() < 0.5 and victim.returncode is None:
                victim.send_signal(signal.SIGCONT)
            await asyncio.sleep(chance.uniform(1, 3))
            if adding.done():
                await eventually(outbox.is_empty, 2 * TAKEN_OVER_WITHIN)
        await adding
    assert await outbox.published() == dict.fromkeys(asked, values)


async def test_what_kafka_never_takes_is_set_aside_and_everything_else_goes(outbox: OutboxUnderTest) -> None:
    asked = requests(30)
    await outbox.add(asked, VALUES[:2])
    await outbox.add(asked[:3], [b"x" * 2_000_000])
    await outbox.add(asked, VALUES[2:4])
    async with outbox.process():
        await eventually(outbox.is_empty, TAKEN_OVER_WITHIN)
        kept = await outbox.connection.fetch("select request_id, refused from entries order by id")
        assert [(row["request_id"], row["refused"]) for row in kept] == [
            (request, "too-large") for request in asked[:3]
        ]
        assert await outbox.published() == dict.fromkeys(asked, VALUES[:4])
        await outbox.connection.execute("update entries set value = 'short', refused = null")
        await eventually(outbox.is_empty)
    assert (await outbox.published())[asked[0]] == [*VALUES[:4], b"short"]


async def test_the_old_owner_s_session_ends_before_the_new_one_claims_and_no_other_session_does(
    outbox: OutboxUnderTest,
) -> None:
    """A pid in a lease may be another session's by now: here it is the test's own."""
    await outbox.connection.execute("""
        insert into leases select 1, 'entries', pg_backend_pid(), now() - interval '1 day', now()
        - interval '1 hour', now() - interval '1 hour'""")
    await outbox.connection.execute("update outbox_lanes set owner = 1")
    old = Lease(outbox.dsn, "entries", lock="select true")
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(old.kept())
        await asyncio.wait_for(old.held.wait(), 5)
        assert await outbox.connection.fetch("select owner from leases") == [(old.owner,)]
        await outbox.connection.execute("update outbox_lanes set owner = $1", old.owner)
        ((pid,),) = await old.fetch("select pg_backend_pid()")
        new = Lease(outbox.dsn, "entries", lock="select true")
        async with old._turn:  # noqa: SLF001  as if it were frozen
            await outbox.connection.execute("update leases set expires_at = '-infinity'")
            await stack.enter_async_context(new.kept())
            await asyncio.wait_for(new.held.wait(), 5)
            assert (
                await outbox.connection.fetchval("select count(*) from pg_stat_activity where pid = $1", pid)
                == 0
            )
            assert (
                await outbox.connection.fetchval(
                    "select count(*) from outbox_lanes where owner = $1", old.owner
                )
                == 0
            )
        with pytest.raises((LeaseLost, PostgresError, InterfaceError)):
            await old.fetch("select 1")

        async def holds_a_new_one() -> bool:
            return old.held.is_set() and old.generation == 2

        await eventually(holds_a_new_one)


async def test_a_lease_outlives_a_lost_connection_within_its_grace(outbox: OutboxUnderTest) -> None:
    async with AsyncExitStack() as stack:
        kept, other = (Lease(outbox.dsn, "entries", lock="select true", grace=5) for _ in range(2))
        for lease in (kept, other):
            await stack.enter_async_context(lease.kept())
            await asyncio.wait_for(lease.held.wait(), 5)
        ((pid,),) = await kept.fetch("select pg_backend_pid()")
        await outbox.connection.execute("select pg_terminate_backend($1)", pid)

        async def back() -> bool:
            return [row[0] for row in await kept.fetch("select pg_backend_pid()")] != [pid]

        await eventually(back)
        assert kept.valid
        assert kept.generation == 1


async def test_beside_a_process_of_an_older_version_only_one_of_the_two_publishes(
    outbox: OutboxUnderTest,
) -> None:
    asked = requests(3)
    await outbox.connection.execute(f"select pg_advisory_lock({OLDER_LOCK})")
    async with (
        EventProducer(outbox.kafka, "test") as producer,
        running_loop(publisher(outbox.dsn, producer, outbox.topic).run()),
    ):
        await outbox.add(asked, VALUES)
        await asyncio.sleep(3)
        assert await outbox.published() == {}
        await outbox.connection.execute(f"select pg_advisory_unlock({OLDER_LOCK})")
        await eventually(outbox.is_empty)
        assert not await outbox.connection.fetchval(f"select pg_try_advisory_lock({OLDER_LOCK})")
    assert await outbox.published() == dict.fromkeys(asked, VALUES)
