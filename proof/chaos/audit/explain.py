"""Says which fault can have made a mail go out twice: one that fell between the server's taking it and the commit of the sender."""

from collections.abc import Iterable

from proof.chaos.audit.evidence import Fault, Mail

LONGEST_WINDOW = 40.0
"""Seconds that a mail can wait for its commit: the longest outage and a little."""
BEFORE = 0.2
AFTER_KILL, AFTER_OUTAGE = 0.3, 6.0
"""A killed sender is dead at once; a server or a link that is back is noticed a little later."""
SENDERS, SERVERS = ("notifier-worker",), ("postgres", "mailbox", "smtp", "kafka+postgres")


def cause_of_repeat(first: Mail, again: Mail, faults: Iterable[Fault], untold: frozenset[str]) -> str | None:
    """Name the fault that explains why a mail came again, or `None` where there is none."""
    if first.file in untold:
        return "mail-hang-up-after-data"
    begin, end = first.at, min(again.at, first.at + LONGEST_WINDOW)
    for fault in faults:
        after = _after(fault)
        if fault.hit and after is not None and fault.started_at - BEFORE <= end and fault.ended_at + after >= begin:
            return f"{fault.kind} {fault.target}"
    return None


def _after(fault: Fault) -> float | None:
    """Give how long after its end a fault can still show; `None` for one that has nothing to do with mails."""
    if fault.kind == "crash":
        return AFTER_KILL if fault.target.startswith("notifier") else None
    if fault.target in SENDERS:
        # From a kill until the next process is there nobody sends, so what counts is the moment of the kill.
        return AFTER_KILL - (fault.ended_at - fault.started_at) if fault.kind == "kill" else AFTER_OUTAGE if fault.kind != "term" else AFTER_KILL
    if fault.target in SERVERS and fault.kind not in {"mail-refuse", "mail-defer", "mail-disk-full", "mail-hang-up-in-data"}:
        return AFTER_OUTAGE
    return None
