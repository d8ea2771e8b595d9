"""Is all well? One sentence out of the ledger and the figures, and its colour."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from services.tracker.console.figures import Figures
from services.tracker.domain import Reason
from services.tracker.ledger.overdue import Ledger

WELL = "Kaikki on kunnossa"
NUMBERED_AND_TOLD = "Jokaisella pyynnöllä on työnumero ja vahvistus."
OVERDUE: Mapping[Reason, tuple[str, str]] = {
    "skipped": ("sanoma jäi saamatta kokonaan", "sanomaa jäi saamatta kokonaan"),
    "no-number": (
        "pyyntö on yli 10 sekuntia ilman työnumeroa",
        "pyyntöä on yli 10 sekuntia ilman työnumeroa",
    ),
    "no-receipt": (
        "pyyntö on yli minuutin ilman vastaanottoilmoitusta",
        "pyyntöä on yli minuutin ilman vastaanottoilmoitusta",
    ),
    "no-mail": (
        "vastaus tai kysymys on yli minuutin lähtemättä",
        "vastausta tai kysymystä on yli minuutin lähtemättä",
    ),
    "mail-failed": ("sähköposti ei mennyt perille", "sähköpostia ei mennyt perille"),
    "returned-mail-unsettled": (
        "palautunut sähköposti odottaa liian kauan",
        "palautunutta sähköpostia odottaa liian kauan",
    ),
    "unpublished": ("tapahtuma on julkaisematta", "tapahtumaa on julkaisematta"),
    "unsendable": ("tapahtumaa ei voi julkaista", "tapahtumaa ei voi julkaista"),
    "spool": ("pyyntö odottaa Kafkaa välivarastossa", "pyyntöä odottaa Kafkaa välivarastossa"),
    "dead-letter": ("lukematta jäänyt sanoma odottaa", "lukematta jäänyttä sanomaa odottaa"),
    "lag": ("sanoma on lukematta yli 10 sekuntia", "sanomaa on lukematta yli 10 sekuntia"),
    "canary": ("koepyyntö ei kulkenut perille minuutissa", "koepyyntöä ei kulkenut perille minuutissa"),
    "alarm-undelivered": ("hälytys ei ole tavoittanut ketään", "hälytystä ei ole tavoittanut ketään"),
    "not-removed": (
        "pyynnön säilytysaika on ohi, mutta sisältö on poistamatta",
        "pyynnön säilytysaika on ohi, mutta sisältö on poistamatta",
    ),
    "numbers-low": ("prosentti työnumeroista on käytetty", "prosenttia työnumeroista on käytetty"),
    "unknown": ("osa palvelusta ei vastaa", "osaa palvelusta ei vastaa"),
}
"""One and many; each is an alarm."""
NOBODY_WAITS: frozenset[Reason] = frozenset({"not-removed", "numbers-low"})
"""Alarms that no citizen's request waits for."""
SHORTEST_SHOWN = 0.1


@dataclass(frozen=True, slots=True)
class Verdict:
    """`alert`: a citizen's request waits for somebody here; `wait`: something should be looked at; `good`: nothing."""

    colour: Literal["good", "wait", "alert"]
    sentence: str
    note: str


def all_well(figures: Figures, ledger: Ledger) -> Verdict:
    """Judge; the worst is told first and the rest in the note."""
    fresh = {"dead-letter": figures.dead_letters, "mail-failed": figures.failed_mails}
    counts = {reason: fresh.get(reason, ledger.of(reason)) for reason in OVERDUE}
    alerts = [told(count, *OVERDUE[reason]) for reason, count in counts.items() if reason not in NOBODY_WAITS]
    waits = [told(figures.late, "pyyntö on myöhässä", "pyyntöä on myöhässä")]
    waits += [told(count, *OVERDUE[reason]) for reason, count in counts.items() if reason in NOBODY_WAITS]
    first, *others = [each for each in alerts + waits if each] or [WELL]
    if first == WELL:
        leaving = told(
            ledger.receipts_waiting, "vahvistus on juuri lähdössä", "vahvistusta on juuri lähdössä"
        )
        note = f"Jokaisella pyynnöllä on työnumero; {leaving}." if leaving else NUMBERED_AND_TOLD
        return Verdict("good", WELL, f"{note}{_canary(ledger)}")
    return Verdict(
        "alert" if first in alerts else "wait",
        first,
        f"Lisäksi: {', '.join(others)}." if others else "Muu on kunnossa.",
    )


def _canary(ledger: Ledger) -> str:
    """Say how long the latest test request took."""
    seconds = ledger.canary.seconds.get("mailed") if ledger.canary else None
    if seconds is None:
        return ""
    shown = "alle 0,1" if seconds < SHORTEST_SHOWN else f"{seconds:.1f}".replace(".", ",")
    return f" Koepyyntö kulki lomakkeelta postiin {shown} sekunnissa."


def told(number: int, one: str, many: str) -> str:
    """Count something in words; nothing where there is none of it."""
    return f"{number} {one if number == 1 else many}" if number else ""
