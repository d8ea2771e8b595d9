"""What a steady rate is made of: times count from when each request was due, and a backlog is told second by second."""

from array import array

import pytest

from proof.bench.load import Load, Sent
from proof.bench.memory import MemoryOverTime
from proof.bench.per_second import backlog_by_second, by_second
from proof.bench.steady import Steady, steady_figures

S, MS = 1_000_000_000, 1_000_000
LOAD = Load(port=1, run="r1", form={}, count=4, rate=2.0, watch_every=2)


def sent(due: list[int], answered: list[int], numbered: list[int], late: int = 0) -> Sent:
    return Sent(LOAD, array("q", due), [at + late for at in due], array("q", answered), array("q", numbered), [], {202: 4}, 0.1)


def test_each_second_is_told_by_what_was_due_in_it_however_late_it_was_done() -> None:
    due = [10 * S, 10 * S + 1, 11 * S, 13 * S]
    done = [10 * S + 5 * MS, 10 * S + 7 * MS + 1, 14 * S, 0]
    assert by_second(due, done) == [7.0, 3000.0]


def test_a_second_in_which_nothing_was_due_is_nought() -> None:
    assert by_second([0, 2 * S], [MS, 2 * S + MS]) == [1.0, 0.0, 1.0]


def test_the_backlog_is_what_began_and_has_not_ended_and_is_gone_in_the_end() -> None:
    begun = [S, S + 1, 2 * S, 0]
    ended = [S + 2, 4 * S, 4 * S, 0]
    assert backlog_by_second(begun, ended) == [1.0, 2.0, 2.0, 0.0]


def test_nothing_at_all_has_no_backlog() -> None:
    assert backlog_by_second([0, 0], [0, 0]) == [0.0]


def test_a_refused_request_a_missing_mail_and_a_late_send_are_all_told() -> None:
    due = [S, 2 * S, 3 * S, 4 * S]
    measured = Steady(
        sent=sent(due, [due[0] + MS, due[1] + MS, due[2] + MS, 0], [due[0] + 20 * MS, 0, 0, 0], late=3 * MS),
        mailed=[due[0] + 9 * MS, due[1] + 70 * S, 0, 0],
        memory=MemoryOverTime(2.0, [{"kafka": 200.0, "intake": 100.0}, {"kafka": 210.0, "intake": 120.0}]),
        cpu_ms=2.0,
    )
    figures = {figure.name: figure for figure in steady_figures(measured)}
    assert (figures["steady.not-accepted"].value, figures["steady.not-accepted"].met) == (1, False)
    assert (figures["steady.numbers-missing"].value, figures["steady.numbers-missing"].met) == (1, False)
    assert (figures["steady.mails-missing"].value, figures["steady.mails-missing"].met) == (1, False)
    assert figures["steady.number.max"].value == pytest.approx(20.0)
    assert figures["steady.sent-late.p99"].value == pytest.approx(3.0)
    assert figures["steady.backlog.gone-after"].value == pytest.approx(68.0)
    assert figures["steady.backlog.gone-after"].met is False
    assert figures["steady.memory.most"].value == pytest.approx(330.0)
    assert figures["steady.memory.kafka"].value == pytest.approx(210.0)


def test_memory_that_goes_on_growing_is_not_flat() -> None:
    due = [S, 2 * S, 3 * S, 4 * S]
    done = [at + MS for at in due]
    memory = MemoryOverTime(2.0, [{"intake": 100.0 + 10 * step} for step in range(20)])
    figures = {figure.name: figure for figure in steady_figures(Steady(sent(due, done, done), done, memory, 2.0))}
    assert figures["steady.memory.growth"].met is False
