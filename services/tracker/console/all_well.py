"""Judges the ledger and the figures: is all well? Returns one sentence, a note and a colour."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from services.tracker.console.figures import Figures
from services.tracker.console.texts import LANGUAGE, counted
from services.tracker.domain import Reason
from services.tracker.ledger.overdue import Ledger
from shared.text.moments import number
from shared.text.texts import Texts, fill

WORST_FIRST: tuple[Reason, ...] = (
    "skipped",
    "no-number",
    "no-receipt",
    "no-mail",
    "mail-failed",
    "returned-mail-unsettled",
    "unpublished",
    "unsendable",
    "spool",
    "dead-letter",
    "lag",
    "canary",
    "alarm-undelivered",
    "not-removed",
    "numbers-low",
    "unknown",
)
NOBODY_WAITS: frozenset[Reason] = frozenset({"not-removed", "numbers-low"})
"""Alarms that no citizen's request waits for."""
SHORTEST_SHOWN = 0.1
"""Seconds."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """`alert`: a citizen's request waits for staff; `wait`: something needs a look; `good`: nothing does."""

    colour: Literal["good", "wait", "alert"]
    sentence: str
    note: str


def all_well(texts: Texts, figures: Figures, ledger: Ledger) -> Verdict:
    """Put the worst into the sentence, and the rest into the note."""
    # Counted for this page; the ledger may be some seconds old.
    fresh: Mapping[Reason, int] = {"dead-letter": figures.dead_letters, "mail-failed": figures.failed_mails}
    sentences = {
        reason: overdue_sentence(texts, reason, fresh.get(reason, ledger.of(reason)))
        for reason in WORST_FIRST
    }
    alerts = [sentence for reason, sentence in sentences.items() if sentence and reason not in NOBODY_WAITS]
    waits = [counted(texts.verdict.late, figures.late)] if figures.late else []
    waits += [sentence for reason, sentence in sentences.items() if sentence and reason in NOBODY_WAITS]
    if not alerts and not waits:
        return Verdict("good", texts.verdict.well, _good_note(texts, ledger))
    first, *others = alerts + waits
    note: str = texts.verdict.rest_is_well
    if others:
        note = texts.verdict.others.format(sentences=", ".join(others))
    return Verdict("alert" if alerts else "wait", first, note)


def overdue_sentence(texts: Texts, reason: Reason, many: int) -> str:
    """Return the sentence that counts what is overdue; empty for none."""
    return counted(texts.overdue[reason].counted, many) if many else ""


def _good_note(texts: Texts, ledger: Ledger) -> str:
    waiting = ledger.receipts_waiting
    receipts: str = texts.verdict.numbered_and_receipted
    if waiting:
        receipts = counted(texts.verdict.receipts_waiting, waiting)
    canary = _canary(texts, ledger)
    return f"{receipts} {canary}" if canary else receipts


def _canary(texts: Texts, ledger: Ledger) -> str:
    """Return how long the latest test request took; empty if that is not known."""
    seconds = ledger.canary.seconds.get("mailed") if ledger.canary else None
    if seconds is None:
        return ""
    if seconds < SHORTEST_SHOWN:
        return str(texts.verdict.canary_fast)
    return fill(texts.verdict.canary, seconds=number(seconds, LANGUAGE, decimals=1))
