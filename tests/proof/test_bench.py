"""The bench tells goals and medians as they are, and a whole run leaves what it says."""

import asyncio
import json
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proof.bench.figures.figure import Figure, percentile
from proof.bench.figures.processes import cpu_seconds, memory_mib, used_since
from proof.bench.load.send import due_at
from proof.bench.report.page import page
from proof.bench.report.table import table
from proof.bench.results import Results
from proof.bench.run import read_options


@pytest.mark.parametrize(
    ("figure", "ratio", "bound", "met"),
    [
        (Figure("a", [3.0], "ms", goal=3.5), None, 3.5, True),
        (Figure("a", [4.0], "ms", goal=3.5), None, 3.5, False),
        (Figure("a", [800.0], "1/s", goal=750.0, better="higher"), None, 750.0, True),
        (
            Figure("a", [800.0], "1/s", goal=750.0, floor=1000.0, of_floor=0.75, better="higher"),
            0.8,
            750.0,
            True,
        ),
        (
            Figure("a", [800.0], "1/s", goal=750.0, floor=1200.0, of_floor=0.75, better="higher"),
            800 / 1200,
            900.0,
            False,
        ),
        (Figure("a", [800.0], "1/s", of_floor=0.75, better="higher"), None, None, None),
        (Figure("a", [1.0], "ms"), None, None, None),
    ],
)
def test_a_goal_is_met_only_when_every_goal_is(
    figure: Figure, ratio: float | None, bound: float | None, met: bool | None
) -> None:
    assert (figure.ratio, figure.bound, figure.met) == (ratio, bound, met)


def test_a_figure_is_the_median_of_its_rounds() -> None:
    facts = Figure("a", [3.0, 1.0, 20.0], "ms", goal=3.0, floor=2.0).facts()
    assert facts == {
        "name": "a",
        "unit": "ms",
        "value": 3.0,
        "goal": 3.0,
        "floor": 2.0,
        "ratio": 1.5,
        "met": True,
        "better": "lower",
        "rounds": [3.0, 1.0, 20.0],
    }


@given(st.lists(st.floats(0, 1e9), min_size=1), st.floats(0, 100))
def test_a_percentile_is_a_value_that_so_many_do_not_exceed(values: list[float], percent: float) -> None:
    found = percentile(values, percent)
    assert found in values
    assert sum(value <= found for value in values) >= len(values) * percent / 100


def test_due_times_follow_from_the_start_and_never_drift() -> None:
    assert [due_at(1_000, position, 200.0) for position in (0, 1, 120_000)] == [
        1_000,
        5_001_000,
        600_000_001_000,
    ]


async def test_cpu_and_memory_are_those_of_the_whole_tree() -> None:
    burn = (
        "import subprocess, sys, time; subprocess.run([sys.executable, '-c', 'sum(range(20_000_000))']); "
        "print(flush=True); time.sleep(60)"
    )
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", burn, stdout=asyncio.subprocess.PIPE)
    assert process.stdout is not None
    before = {"burner": 0.0}
    try:
        await process.stdout.readline()
        assert used_since(before, {"burner": process.pid})["burner"] >= 0.1
        assert cpu_seconds({"gone": 2**22 + 1}) == {"gone": 0.0}
        assert memory_mib({"burner": process.pid})["burner"] > 1
    finally:
        process.kill()
        await process.wait()


def test_the_report_tells_what_is_missed_and_needs_nothing_from_elsewhere(tmp_path: Path) -> None:
    results = Results(tmp_path)
    results.add(
        Figure(
            "capacity.requests",
            [700.0, 710.0, 720.0],
            "1/s",
            goal=750,
            floor=1000.0,
            of_floor=0.75,
            better="higher",
        )
    )
    results.add(Figure("capacity.cpu.kafka", [0.5], "ms"), Figure("<script>.x", [1.0], "ms", goal=2))
    html, words = page(results), table(results)
    assert "1 of 2 goals are met. Missed: requests (capacity)." in words
    assert "≥ 750, 75 %" in words
    assert "missed <<<" in words
    assert "<script>" not in html
    assert not any(outside in html for outside in ("src=", "href=", "url(", "@import"))


def test_a_smoke_run_holds_nothing_to_its_goal(tmp_path: Path) -> None:
    results = Results(tmp_path, smoke=True)
    results.add(
        Figure("capacity.requests", [1.0], "1/s", goal=750, floor=1000.0, of_floor=0.75, better="higher")
    )
    (figure,) = results.figures.values()
    assert (figure.met, figure.ratio) == (None, 0.001)
    assert "Nothing was held to a goal." in table(results)


def test_parts_can_be_chosen() -> None:
    assert read_options(["--only", "capacity,steady"]).parts == ["capacity", "steady"]
    assert "growth" in read_options(["--scale", "1000"]).parts
    with pytest.raises(SystemExit):
        read_options(["--only", "nonsense"])


async def test_a_short_run_measures_everything_it_says(root: Path, tmp_path: Path) -> None:
    command = (sys.executable, "-m", "proof.bench", "--short", "--folder", str(tmp_path))
    with (tmp_path / "output").open("wb") as output:
        process = await asyncio.create_subprocess_exec(*command, stdout=output, stderr=output, cwd=root)
        code = await process.wait()
    told = (tmp_path / "output").read_text()
    assert code == 0, told
    assert "A smoke run" in told
    assert "missed" not in told
    figures = {figure["name"]: figure for figure in json.loads((tmp_path / "latest.json").read_text())}
    assert {
        "idle.memory",
        "one-client.answer.p50",
        "one-client.number.p99",
        "one-client.mail.p50",
        "capacity.requests",
    } <= figures.keys()
    assert {
        "capacity.cpu",
        "capacity.cpu.kafka",
        "capacity.cpu.postgres",
        "capacity.memory",
        "resolutions.requests",
        "whole.requests",
    } <= figures.keys()
    assert all(
        {"name", "value", "unit", "goal", "floor", "ratio", "met"} <= figure.keys()
        for figure in figures.values()
    )
    # What one client costs above idling may be lost in the noise of so short a run.
    nothing = [name for name, figure in figures.items() if name.count(".") == 1 and figure["value"] <= 0]
    assert set(nothing) <= {"one-client.cpu"}, figures
    assert "<table" in (tmp_path / "latest.html").read_text()
    assert not (tmp_path / "data").exists()
