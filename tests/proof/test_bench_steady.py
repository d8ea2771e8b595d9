"""What a steady rate is made of.

Times count from when each request was due, and a backlog is told second by second.
"""

from array import array
from collections import Counter

import pytest

from proof.bench.figures.measure import Measured
from proof.bench.figures.steady import backlog_by_second, memory_growth, steady_figures
from proof.bench.load.load import Load
from proof.bench.load.send import Sent

S, MS = 1_000_000_000, 1_000_000
LOAD = Load(port=1, run="r1", form={}, count=4, rate=2.0, watch_every=2)


def sent(due: list[int], answered: list[int], numbered: list[int], late: int = 0) -> Sent:
    return Sent(
        LOAD,
        array("q", due),
        [at + late for at in due],
        array("q", answered),
        array("q", numbered),
        [],
        Counter({202: 4}),
    )


def test_the_backlog_is_what_began_and_has_not_ended_and_is_gone_in_the_end() -> None:
    begun = [S, S + 1, 2 * S, 0]
    ended = [S + 2, 4 * S, 4 * S, 0]
    assert backlog_by_second(begun, ended) == [1.0, 2.0, 2.0, 0.0]


def test_nothing_at_all_has_no_backlog() -> None:
    assert backlog_by_second([0, 0], [0, 0]) == [0.0]


def test_a_refused_request_a_missing_mail_and_a_late_send_are_all_told() -> None:
    due = [S, 2 * S, 3 * S, 4 * S]
    told = sent(due, [due[0] + MS, due[1] + MS, due[2] + MS, 0], [due[0] + 20 * MS, 0, 0, 0], late=3 * MS)
    mailed = [due[0] + 9 * MS, due[1] + 70 * S, 0, 0]
    figures = {
        figure.name: figure for figure in steady_figures(Measured(told, mailed, 4.0, {"intake": 1.0}, 5.0))
    }
    assert (figures["steady.not-accepted"].value, figures["steady.not-accepted"].met) == (1, False)
    assert (figures["steady.numbers-missing"].value, figures["steady.numbers-missing"].met) == (1, False)
    assert (figures["steady.mails-missing"].value, figures["steady.mails-missing"].met) == (1, False)
    assert figures["steady.number.max"].value == pytest.approx(20.0)
    assert figures["steady.sent-late.p99"].value == pytest.approx(3.0)
    assert figures["steady.backlog.gone-after"].value == pytest.approx(68.0)
    assert figures["steady.backlog.gone-after"].met is False


def test_memory_that_goes_on_growing_is_not_flat() -> None:
    assert memory_growth([{"intake": 100.0 + 10 * step} for step in range(20)]).met is False
    assert memory_growth([{"intake": 100.0 + step % 2} for step in range(20)]).met is True
