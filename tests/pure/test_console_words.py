"""The console has words for whatever it is given to show."""

import re
from datetime import UTC, datetime
from pathlib import Path

import pytest

from services.tracker.console.all_well import all_well
from services.tracker.console.figures import Figures
from services.tracker.console.words import SET_ASIDE, known_of, set_aside_because
from services.tracker.ledger.overdue import CanaryRun, Ledger
from services.tracker.trouble.on_dead_letter import NOT_FROM_INTAKE, UNKNOWN, UNREADABLE
from shared.kafka.consume import HANDLER_FAILED

ROOT = Path(__file__).resolve().parents[2]
REJECTED = re.compile(r'Rejected\(\s*"([a-z-]+)"')


@pytest.mark.parametrize(
    ("seconds", "said"), [(0.0, "alle 0,1"), (0.04, "alle 0,1"), (0.1, "0,1"), (12.34, "12,3")]
)
def test_a_test_request_never_took_no_time_at_all(seconds: float, said: str) -> None:
    now = datetime.now(UTC)
    figures = Figures(now, [], None, 0, 0, 0, 0, 0, 0)
    ledger = Ledger(now, 1, 1, 1, 0, 1, 0, 0, 0, canary=CanaryRun(now, {"mailed": seconds}))
    assert all_well(figures, ledger).note.endswith(f"Koepyyntö kulki lomakkeelta postiin {said} sekunnissa.")


def test_every_reason_for_a_dead_letter_has_words() -> None:
    sources = [
        file.read_text() for folder in ("services", "shared") for file in (ROOT / folder).rglob("*.py")
    ]
    raised = {slug for source in sources for slug in REJECTED.findall(source)}
    assert "bad-data" in raised
    assert raised | {HANDLER_FAILED, NOT_FROM_INTAKE, UNKNOWN, UNREADABLE} == set(SET_ASIDE)


def test_a_reason_without_words_is_shown_as_it_came_but_for_codes() -> None:
    assert set_aside_because("new-reason 131052-308T") == "new-reason ••••••-••••"


def test_what_is_known_of_an_overdue_request_is_written_in_words() -> None:
    assert known_of(None) == "ei mitään vielä"
    assert known_of("5.1.1") == "osoitetta ei ole (5.1.1)"
    assert known_of("not-from-intake") == "Sanoma ei tullut asiointisivulta (not-from-intake)"
    assert (
        known_of("mail.deferred.v1 4xx 450 4.2.0")
        == "Sähköposti jäi odottamaan: palvelin ei ottanut vielä vastaan (450 4.2.0)"
    )
