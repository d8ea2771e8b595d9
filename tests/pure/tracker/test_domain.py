"""The state table allows what it says to whom it says, and time decides what the state is."""

from datetime import datetime, timedelta, timezone
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.tracker import domain
from services.tracker.domain import ACTIONS, EDGES, NotAllowedNow, Step, next_state, state_by_time
from shared.events.vocabulary import STATES, Actor, State

T0 = datetime(2026, 11, 24, 12, tzinfo=timezone.utc)
steps = st.builds(
    Step, st.datetimes(timezones=st.just(timezone.utc)), st.sampled_from(STATES), st.just("take")
)


def test_the_usual_way_from_received_to_closed() -> None:
    state: State = "received"
    seen = [state]
    way: tuple[domain.Action, ...] = (
        "take",
        "ask_customer",
        "customer_answered",
        "resolve",
        "close",
        "reopen",
    )
    for action in way:
        state = next_state(state, action, "staff")
        seen.append(state)
    assert seen == [
        "received",
        "in_progress",
        "waiting_for_customer",
        "in_progress",
        "resolved",
        "closed",
        "in_progress",
    ]


@pytest.mark.parametrize("action", ["resolve", "reject"])
def test_a_handler_may_answer_at_once(action: domain.Action) -> None:
    assert next_state("received", action, "client") in {"resolved", "rejected"}


@given(
    st.sampled_from(STATES),
    st.sampled_from(ACTIONS),
    st.sampled_from(["citizen", "staff", "client", "system"]),
)
def test_only_the_table_moves_a_request(state: State, action: domain.Action, actor: Actor) -> None:
    allowed = any((edge.source, edge.action) == (state, action) and actor in edge.by for edge in EDGES)
    if allowed:
        assert next_state(state, action, actor) in STATES
        return
    with pytest.raises(NotAllowedNow) as refusal:
        next_state(state, action, actor)
    assert refusal.value.state == state
    assert action not in refusal.value.possible
    assert all(next_state(state, possible, actor) for possible in refusal.value.possible)


def test_a_citizen_can_neither_resolve_nor_reject() -> None:
    assert not {edge.action for edge in EDGES if "citizen" in edge.by} & {
        "resolve",
        "reject",
        "close",
        "take",
    }


def test_every_state_can_be_reached_and_left() -> None:
    assert {edge.target for edge in EDGES} | {"received"} == set(STATES)
    assert {edge.source for edge in EDGES} == set(STATES)
    assert len({(edge.source, edge.action) for edge in EDGES}) == len(EDGES)


@given(st.lists(steps, unique_by=lambda step: step.occurred_at), st.randoms())
def test_order_of_arrival_does_not_matter(history: list[Step], random: Random) -> None:
    shuffled = sorted(history, key=lambda _: random.random())
    assert state_by_time(shuffled) == state_by_time(sorted(history, key=lambda step: step.occurred_at))


def test_a_late_event_never_moves_the_state_back() -> None:
    resolved, taken = Step(T0 + timedelta(hours=1), "resolved", "resolve"), Step(T0, "in_progress", "take")
    assert state_by_time([resolved, taken]) == state_by_time([taken, resolved]) == "resolved"
    assert state_by_time([]) == "received"


@given(st.timedeltas(min_value=timedelta(days=-9), max_value=timedelta(days=9)))
def test_a_step_is_always_after_the_one_before(skew: timedelta) -> None:
    assert domain.moment_after(T0, T0 + skew) > T0


def test_a_repeat_is_the_same_action_with_the_same_text() -> None:
    last = Step(T0, "resolved", "resolve", "Valmis")
    assert domain.is_repeat(last, "resolve", "Valmis")
    assert not domain.is_repeat(last, "resolve", "Toinen")
    assert not domain.is_repeat(last, "reject", "Valmis")
    assert not domain.is_repeat(None, "resolve", "Valmis")
