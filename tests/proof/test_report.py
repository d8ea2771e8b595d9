"""The report says at once whether all is well, needs nothing from elsewhere, and shows whatever was found."""

import json
import re
from dataclasses import replace
from pathlib import Path

import pytest

from proof.chaos.audit.evidence import Evidence
from proof.chaos.audit.verdict import judge
from proof.chaos.options import read_options
from proof.chaos.own_lag import OwnLag
from proof.chaos.report.latest import facts, is_ok
from proof.chaos.report.page import page
from proof.chaos.report.table import table
from proof.chaos.run import Outcome
from proof.report.write_latest import write_latest
from tests.proof.evidence_builders import KILL, clean_evidence


def test_a_report_names_what_there_was_no_time_for_and_how_to_repeat_it() -> None:
    known = facts(read_options(["--seed", "7", "--short"]), outcome(clean_evidence()))
    told = table(known)
    assert "The same storm again: ./chaos --seed 7 --short." in told
    assert (
        "No time in this storm for: away, crash, disk-full, failover-cut-off, failover-read-only, "
        "freeze, kill" in told
    )
    assert "No time in this storm for: away" in page(known, outcome(clean_evidence()).verdict, [KILL])


def outcome(evidence: Evidence, left: int = 0) -> Outcome:
    return Outcome(judge(evidence), [], {"lag": left} if left else {}, {"storm": 12.5}, OwnLag(2.5, 4.0))


def test_all_well_is_said_first_and_nothing_comes_from_elsewhere() -> None:
    found = outcome(clean_evidence())
    known = facts(read_options(["--seed", "7"]), found)
    html = page(known, found.verdict, [KILL])
    assert (known["ok"], known["seed"], known["without_number"]) == (True, 7, 0)
    assert "Nothing was lost" in html
    assert "Nothing was lost" in table(known)
    assert "stood still for 4 s" in table(known)
    assert not re.search(r"(src|href)=|url\(|@import|<script", html)
    assert html.count("<svg") == 4


@pytest.mark.parametrize(
    ("evidence", "left"),
    [(replace(clean_evidence(), mails=clean_evidence().mails[1:]), 0), (clean_evidence(), 3)],
)
def test_a_loss_or_something_left_under_way_is_no_success(evidence: Evidence, left: int) -> None:
    found = outcome(evidence, left)
    known = facts(read_options([]), found)
    assert not is_ok(found)
    assert "Nothing was lost" not in page(known, found.verdict, [])
    assert ("without_receipt" in table(known)) is (left == 0)


def test_what_was_found_cannot_break_the_page() -> None:
    world = clean_evidence()
    strange = replace(
        world,
        requests=[*world.requests, replace(world.requests[0], request_id="<script>", email="x@y.example")],
    )
    found = outcome(strange)
    assert "<script>" not in page(facts(read_options([]), found), found.verdict, [])


def test_latest_is_written_whole(tmp_path: Path) -> None:
    write_latest(tmp_path, {"ok": True}, "<!doctype html>")
    assert json.loads((tmp_path / "latest.json").read_text()) == {"ok": True}
    assert sorted(file.name for file in tmp_path.iterdir()) == ["latest.html", "latest.json"]


def test_a_run_of_one_fault_at_a_time_tells_each_time_to_recover_by_kind_and_target() -> None:
    early = replace(KILL, started_at=0.2, ended_at=0.4)
    known = facts(
        read_options(["--seed", "7", "--one-at-a-time"]), outcome(replace(clean_evidence(), faults=[early]))
    )
    told = table(known)
    assert "kill notifier-worker" in told
    assert "--one-at-a-time" in told
    assert "each fault alone" in page(known, outcome(clean_evidence()).verdict, [KILL])
