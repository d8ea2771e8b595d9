"""Limits: never more than so many in any window, a wait that is true, and counts that processes share."""

import secrets

import pytest
import structlog
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.limits.limit import Count, Limit, Limits, TooMany
from shared.limits.proxies import warn_of_unnamed_proxies

KEY = secrets.token_bytes(32)
LIMIT = Limit("test", most=5, seconds=60)
steps = st.lists(st.floats(0, 40), max_size=60)


def allowed(limits: Limits, who: str, now: float, limit: Limit = LIMIT) -> bool:
    try:
        limits.hit(limit, who, now)
    except TooMany:
        return False
    return True


@given(steps)
def test_no_window_of_time_lets_more_in_than_the_limit_and_those_of_its_neighbour(
    pauses: list[float],
) -> None:
    limits, now, let_in = Limits(KEY), 1_000_000.0, list[float]()
    for pause in pauses:
        now += pause
        if allowed(limits, "somebody", now):
            let_in.append(now)
    for start in let_in:
        # A sliding window reckons that the one before was evenly filled: at worst twice the limit come in one
        # window's time.
        assert len([at for at in let_in if start <= at < start + LIMIT.seconds]) <= 2 * LIMIT.most
    for window in {int(at // LIMIT.seconds) for at in let_in}:
        assert len([at for at in let_in if at // LIMIT.seconds == window]) <= LIMIT.most


@given(st.integers(1, 40), st.floats(0, 59))
def test_whoever_waits_as_long_as_told_is_let_in(most: int, passed: float) -> None:
    limit, limits, now = Limit("test", most, 60), Limits(KEY), 1_000_000 // 60 * 60 + passed
    for _ in range(most):
        assert allowed(limits, "somebody", now, limit)
    with pytest.raises(TooMany) as many:
        limits.hit(limit, "somebody", now)
    assert 1 <= many.value.seconds <= 2 * limit.seconds
    assert many.value.headers == {"Retry-After": str(many.value.seconds)}
    assert allowed(limits, "somebody", now + many.value.seconds, limit)


def test_each_is_counted_alone_and_for_each_limit_alone() -> None:
    limits, other = Limits(KEY), Limit("other", 5, 60)
    for _ in range(5):
        limits.hit(LIMIT, "one", 0)
    assert not allowed(limits, "one", 0)
    assert allowed(limits, "another", 0)
    assert allowed(limits, "one", 0, other)


def test_a_refused_try_prolongs_nothing() -> None:
    limits = Limits(KEY)
    for now in [0.0] * 5 + [30.0] * 1_000:
        allowed(limits, "somebody", now)
    assert allowed(limits, "somebody", 75)


def test_a_setting_multiplies_every_limit() -> None:
    limits = Limits(KEY, times=1_000)
    assert all(allowed(limits, "somebody", 0) for _ in range(5_000))
    assert not allowed(limits, "somebody", 0)


@settings(max_examples=50)
@given(st.lists(st.booleans(), max_size=40))
def test_two_processes_that_have_exchanged_their_counts_count_as_one(turns: list[bool]) -> None:
    pair, totals, let_in = (Limits(KEY), Limits(KEY)), dict[Count, int](), 0
    for second in turns:
        let_in += allowed(pair[second], "somebody", 0)
        for limits in pair:
            for count, (times, _) in limits.take_unshared().items():
                totals[count] = totals.get(count, 0) + times
        for limits in pair:
            limits.merge(totals.items())
    # A process hears of those only whom it has seen itself: each first try comes before that.
    assert let_in <= LIMIT.most + 1


def test_nobody_who_is_counted_stands_in_clear_and_memory_has_a_bound(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("shared.limits.limit.MAX_COUNTS", 100)
    limits = Limits(KEY)
    for number in range(1_000):
        limits.hit(LIMIT, f"anna{number}@example.com", 0)
    told = limits.take_unshared()
    assert len(told) <= 100
    assert not any(b"anna" in count.who for count in told)
    limits.forget_old(now=LIMIT.seconds * 2)
    limits.hit(LIMIT, "anna@example.com", LIMIT.seconds * 2)
    assert len(limits.take_unshared()) == 1


@pytest.mark.parametrize(
    ("url", "named", "warned"),
    [("https://a.example", "", 1), ("https://a.example", "10.0.0.1", 0), ("http://a.example", "", 0)],
)
def test_a_proxy_that_is_not_named_is_warned_of(
    monkeypatch: pytest.MonkeyPatch, url: str, named: str, warned: int
) -> None:
    monkeypatch.setenv("FORWARDED_ALLOW_IPS", named)
    with structlog.testing.capture_logs() as lines:
        warn_of_unnamed_proxies(url)
    assert [line["event"] for line in lines] == ["proxy_not_named"] * warned
