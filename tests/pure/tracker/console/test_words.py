"""The console has words for whatever it is given to show."""

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import get_args

import pytest

from services.tracker.console.all_well import all_well
from services.tracker.console.figures import Figures
from services.tracker.console.one_request import Trouble
from services.tracker.console.returned_mails import Trouble as MailTrouble
from services.tracker.console.texts import read_console_texts
from services.tracker.console.write_reasons import known_of, set_aside_because
from services.tracker.console.write_times import age, deadline, duration, moment
from services.tracker.ledger.overdue import CanaryRun, Ledger
from services.tracker.trouble.on_dead_letter import NOT_FROM_INTAKE, UNKNOWN, UNREADABLE
from shared.kafka.consume import HANDLER_FAILED

WORDS = read_console_texts()
ROOT = Path(__file__).resolve().parents[4]
REJECTED = re.compile(r'Rejected\(\s*"([a-z-]+)"')


@pytest.mark.parametrize(
    ("seconds", "said"), [(0.0, "alle 0,1"), (0.04, "alle 0,1"), (0.1, "0,1"), (12.34, "12,3")]
)
def test_a_test_request_never_took_no_time_at_all(seconds: float, said: str) -> None:
    now = datetime.now(UTC)
    figures = Figures(now, [], None, 0, 0, 0, 0, 0, 0)
    ledger = Ledger(now, 1, 1, 1, 0, 1, 0, 0, 0, canary=CanaryRun(now, {"mailed": seconds}))
    assert all_well(WORDS, figures, ledger).note.endswith(
        f"Koepyyntö kulki lomakkeelta postiin {said} sekunnissa."
    )


def test_every_reason_for_a_dead_letter_has_words() -> None:
    sources = [
        file.read_text() for folder in ("services", "shared") for file in (ROOT / folder).rglob("*.py")
    ]
    raised = {slug for source in sources for slug in REJECTED.findall(source)}
    assert "bad-data" in raised
    assert raised | {HANDLER_FAILED, NOT_FROM_INTAKE, UNKNOWN, UNREADABLE} == set(WORDS.set_aside)


def test_a_reason_without_words_is_shown_as_it_came_but_for_codes() -> None:
    assert set_aside_because(WORDS, "new-reason 131052-308T") == "new-reason ••••••-••••"


def test_what_is_known_of_an_overdue_request_is_written_in_words() -> None:
    assert known_of(WORDS, None) == "ei mitään vielä"
    assert known_of(WORDS, "5.1.1") == "osoitetta ei ole (5.1.1)"
    assert known_of(WORDS, "not-from-intake") == "Sanoma ei tullut asiointisivulta (not-from-intake)"
    assert (
        known_of(WORDS, "mail.deferred.v1 4xx 450 4.2.0")
        == "Sähköposti jäi odottamaan: palvelin ei ottanut vielä vastaan (450 4.2.0)"
    )


def test_everything_that_can_be_wrong_with_a_form_has_words() -> None:
    assert set(get_args(Trouble)) - {""} == set(WORDS.request.problems)
    assert set(get_args(MailTrouble)) - {""} == set(WORDS.mail_problems)


def test_times_are_written_as_briefly_as_they_are_clear() -> None:
    now = datetime(2026, 11, 27, 12, tzinfo=UTC)
    assert [moment(WORDS, now - timedelta(days=days), now) for days in (0, 1, 2)] == [
        "klo 14.00",
        "eilen",
        "ke 25.11.",
    ]
    assert deadline(WORDS, now, now) == "tänään klo 14.00"
    assert deadline(WORDS, now + timedelta(days=1), now) == "la 28.11. klo 14.00"
    lengths = [timedelta(seconds=20), timedelta(minutes=40), timedelta(hours=3), timedelta(days=2)]
    assert [duration(WORDS, length) for length in lengths] == ["1 min", "40 min", "3 h", "2 pv"]
    assert [age(WORDS, length) for length in lengths] == ["20 s", "40 min", "3 h", "2 pv"]
    assert duration(WORDS, timedelta(days=1, hours=3)) == "1 pv 3 h"
