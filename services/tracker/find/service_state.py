"""Whether numbers and mails come, for the public: from the ledger's latest reading and the canary in it."""

from collections.abc import Mapping
from dataclasses import dataclass

from services.tracker.domain import Reason
from services.tracker.ledger.overdue import Ledger
from services.tracker.ledger.read_canary import STAGES

NO_NUMBERS: frozenset[Reason] = frozenset({"no-number"})
NO_MAILS: frozenset[Reason] = frozenset({"no-receipt", "no-mail"})
STUCK_AT: Mapping[str, str] = {note: column for column, note in STAGES}


@dataclass(frozen=True, slots=True)
class ServiceState:
    """What requests get, now: their numbers, and their mails. `None` where that is not known."""

    numbers: bool | None
    mails: bool | None


def service_state(ledger: Ledger) -> ServiceState:
    """Judge by what is overdue. A mail that one mailbox refuses is nobody else's trouble."""
    overdue = {each.reason for each in ledger.overdue if each.count}
    canary = next(
        (each.note.partition(":")[0] for each in ledger.overdue if each.reason == "canary" and each.count), ""
    )
    stuck_at = STUCK_AT.get(canary, "mailed_at" if canary == "late" else "")
    numbers = not overdue & NO_NUMBERS and stuck_at != "numbered_at"
    mails = not overdue & NO_MAILS and stuck_at != "mailed_at"
    if canary and not stuck_at:  # no test request was sent: nobody has looked
        return ServiceState(numbers and None, mails and None)
    # Where no number comes, no mail can: whether one would is not known.
    return ServiceState(numbers, mails and (numbers or None))
