"""A storm is its seed's, fits into its time, and meets every kind of fault."""

from itertools import islice, pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proof.chaos.options import SHORT_RATE, SHORT_REQUESTS
from proof.chaos.population import draw_orders
from proof.chaos.storm.plan import CRASH_POINTS, OURS, draw_plan, kinds_left_out, one_of_each, servers

SHORT = SHORT_REQUESTS / SHORT_RATE


@given(st.integers())
def test_the_same_seed_is_the_same_storm_and_the_same_orders(seed: int) -> None:
    assert draw_plan(seed, 100, short=False) == draw_plan(seed, 100, short=False)
    assert list(islice(draw_orders(seed, 10), 20)) == list(islice(draw_orders(seed, 10), 20))


def test_another_seed_is_another_storm() -> None:
    assert draw_plan(1, 100, short=False) != draw_plan(2, 100, short=False)


@given(st.integers(), st.floats(10, 600), st.booleans())
def test_faults_come_one_after_the_other_and_within_the_time(seed: int, seconds: float, short: bool) -> None:
    plan = draw_plan(seed, seconds, short=short)
    assert all(one.at + one.seconds <= two.at + 0.01 for one, two in pairwise(plan))
    assert sum(fault.seconds for fault in plan) <= seconds


@pytest.mark.parametrize("seed", range(20))
def test_a_full_storm_strikes_every_process_in_every_way(seed: int) -> None:
    plan = draw_plan(seed, 500, short=False)
    struck = {(fault.kind, fault.target) for fault in plan}
    assert {(kind, name) for kind in ("kill", "term", "freeze") for name in OURS + servers(1)} <= struck
    assert {("crash", point) for point in CRASH_POINTS} <= struck
    assert {("away", target) for target in ("kafka", "postgres", "kafka+postgres")} <= struck


@pytest.mark.parametrize("seed", range(20))
def test_a_short_storm_has_the_outages_and_every_window(seed: int) -> None:
    struck = {(fault.kind, fault.target) for fault in draw_plan(seed, SHORT, short=True)}
    assert {("crash", point) for point in CRASH_POINTS} <= struck
    assert {("away", target) for target in ("kafka", "postgres", "kafka+postgres")} <= struck
    assert {"kill", "term", "freeze"} <= {kind for kind, _ in struck}


def test_one_at_a_time_has_every_fault_on_every_target_once() -> None:
    plan = one_of_each(7, short=False)
    struck = [(fault.kind, fault.target) for fault in plan]
    assert len(struck) == len(set(struck))
    assert kinds_left_out(plan) == []
    assert {(kind, name) for kind in ("kill", "term", "freeze") for name in OURS + servers(1)} <= set(struck)


def test_of_three_brokers_each_is_struck_alone() -> None:
    struck = {(fault.kind, fault.target) for fault in one_of_each(7, short=False, brokers=3)}
    assert {
        (kind, name)
        for kind in ("kill", "term", "freeze", "disk-full")
        for name in ("kafka", "kafka-2", "kafka-3")
    } <= struck
