"""How the mail server's limits slow the sending, and how it grows again."""

from itertools import pairwise

from services.notifier.mail.send.sending_pace import (
    FIRST_GROWTH_SECONDS,
    MAX_GROWTH_SECONDS,
    MAX_PAUSE_SECONDS,
    SendingPace,
)


def test_a_server_that_takes_two_connections_gets_two_and_is_asked_for_a_third_ever_more_seldom() -> None:
    pace, now, tried = SendingPace(8), 0.0, []
    pace.connection_refused(now, working=2)
    assert pace.limit == 2
    while now < 4_000:
        now += 1.0
        pace.mail_sent(now)
        if pace.limit > 2:
            tried.append(now)
            pace.connection_refused(now, working=2)
    waits = [later - earlier for earlier, later in pairwise(tried)]
    assert tried[0] == FIRST_GROWTH_SECONDS
    assert waits == sorted(waits)
    assert waits[-1] == MAX_GROWTH_SECONDS


def test_all_connections_are_used_again_when_the_limit_is_gone() -> None:
    pace = SendingPace(8)
    pace.connection_refused(0.0, working=1)
    for second in range(1, 60):
        pace.mail_sent(float(second))
    assert pace.limit == 8


def test_one_burst_of_refusals_halves_the_connections_once() -> None:
    pace = SendingPace(8)
    for _ in range(8):
        pace.mail_refused(10.0, begun=9.0)
    assert pace.limit == 4
    assert pace.resume_at < 10.0


def test_while_nothing_goes_the_pauses_grow_and_the_first_mail_that_goes_ends_them() -> None:
    pace, now, pauses = SendingPace(2), 100.0, []
    pace.mail_refused(now, begun=now)
    for _ in range(9):
        now = max(now, pace.resume_at) + 0.1
        pace.mail_refused(now, begun=now)
        pauses.append(round(pace.resume_at - now))
    assert pauses == [1, 2, 4, 8, 16, 32, 60, 60, 60]
    assert pauses[-1] == MAX_PAUSE_SECONDS
    pace.mail_sent(now + 60)
    pace.mail_refused(now + 61, begun=now + 61)
    assert pace.resume_at <= now + 60
    assert pace.limit == 1


def test_a_mail_refused_now_and_then_stops_nothing() -> None:
    pace, now = SendingPace(8), 0.0
    for _ in range(100):
        now += 1
        pace.mail_sent(now)
        pace.mail_refused(now, begun=now)
        assert pace.resume_at < now
        assert pace.limit >= 1


def test_after_an_outage_all_connections_are_tried() -> None:
    pace = SendingPace(8)
    pace.mail_refused(5.0, begun=5.0)
    pace.reset()
    assert (pace.limit, pace.resume_at) == (8, float("-inf"))
