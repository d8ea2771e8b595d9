"""Is all well? One sentence out of the figures, and its colour."""

from dataclasses import dataclass
from typing import Literal

from services.tracker.console.figures import Figures

WELL = "Kaikki on kunnossa"


@dataclass(frozen=True, slots=True)
class Verdict:
    """`alert`: a citizen's request waits for somebody here; `wait`: something should be looked at; `good`: nothing."""

    colour: Literal["good", "wait", "alert"]
    sentence: str
    note: str


def all_well(figures: Figures) -> Verdict:
    """Judge; the worst is told first and the rest in the note."""
    alerts = [
        _told(figures.without_receipt, "pyyntö on yli minuutin ilman vastaanottoilmoitusta", "pyyntöä on yli minuutin ilman vastaanottoilmoitusta"),
        _told(figures.dead_letters, "hylätty sanoma odottaa", "hylättyä sanomaa odottaa"),
    ]
    waits = [
        _told(figures.failed_mails, "posti ei mennyt perille", "postia ei mennyt perille"),
        _told(figures.late, "pyyntö on myöhässä", "pyyntöä on myöhässä"),
    ]
    first, *others = [told for told in alerts + waits if told] or [WELL]
    if first == WELL:
        return Verdict("good", WELL, "Jokaisella pyynnöllä on työnumero ja vahvistus.")
    return Verdict("alert" if first in alerts else "wait", first, f"Lisäksi: {', '.join(others)}." if others else "Muu on kunnossa.")


def _told(number: int, one: str, many: str) -> str:
    return f"{number} {one if number == 1 else many}" if number else ""
