"""Decides which fault explains a repeated mail, an error answer, or a conflict that was not reported."""

from bisect import bisect_left
from collections.abc import Iterable, Sequence

from proof.chaos.audit.evidence import Fault, Mail, Submit

MAX_COMMIT_SECONDS = 40.0
"""Seconds that a mail can wait for its commit: the longest outage and a little more."""
SECONDS_BEFORE = 0.2
AFTER_KILL, AFTER_OUTAGE = 0.3, 6.0
"""A killed sender is dead at once; senders notice a returned server or link a little later."""
SENDERS, SERVERS = ("notifier-worker",), ("postgres", "mailbox", "smtp", "kafka+postgres")
STARTS, NOTICES = {"intake": 8.0, "kafka": 20.0, "postgres": 10.0}, 10.0
"""Seconds after its end in which a fault still has effects.

Processes must start, Kafka must recover its log.
"""
MAX_START_SECONDS, MAX_UNDER_WAY = 60.0, 100
"""Seconds after which a process without answers counts as broken.

How many submissions may be in flight at once.
"""
HARMLESS = frozenset(
    f"mail-{mode}"
    for mode in (
        "refuse",
        "defer",
        "disk-full",
        "hang-up-in-data",
        "no-sender",
        "rate",
        "few-connections",
        "slow-greeting",
        "bounce",
    )
)
"""In these modes the mail server has not accepted a mail, and says so, or nothing was sent."""
ENDING = ("kill", "term", "crash", "disk-full")


def explains_error(submit: Submit, faults: Iterable[Fault], accepted: Sequence[Submit]) -> bool:
    """True if a client may have got an error or no answer: intake was hit, or both Kafka and the database.

    `accepted` are the submissions that were accepted, in the order they were sent.
    """
    struck = _struck(submit, faults, accepted)
    return "intake" in struck or {"kafka", "postgres"} <= struck


def explains_conflict(submit: Submit, faults: Iterable[Fault], accepted: Sequence[Submit]) -> bool:
    """True if a conflict may be reported only later: intake lost the key, or could not look it up."""
    return bool(_struck(submit, faults, accepted))


def _struck(submit: Submit, faults: Iterable[Fault], accepted: Sequence[Submit]) -> set[str]:
    """Return the parts on a submission's way that were hit meanwhile, or still recovering."""
    return {
        part
        for fault in faults
        if fault.started_at <= submit.answered_at
        for part in _parts(fault)
        if submit.sent_at
        <= _recovered_at(fault, accepted) + (STARTS[part] if fault.kind in ENDING else NOTICES)
    }


def _recovered_at(fault: Fault, accepted: Sequence[Submit]) -> float:
    """Return when the first submission that was sent after a fault was accepted.

    A busy machine takes its time to start a process.
    """
    first = bisect_left(accepted, fault.ended_at, key=lambda each: each.sent_at)
    answered_at = min(
        (each.answered_at for each in accepted[first : first + MAX_UNDER_WAY]), default=fault.ended_at
    )
    return min(answered_at, fault.ended_at + MAX_START_SECONDS)


def _parts(fault: Fault) -> set[str]:
    if fault.target.startswith("intake.spool."):
        # The spool is emptied after Kafka was away, so that is done first, whether or not the point is
        # reached then.
        return {"kafka", "intake"} if fault.hit else {"kafka"}
    return (
        {fault.target.split(".")[0], *fault.target.split("+")} & {"intake", "kafka", "postgres"}
        if fault.hit
        else set()
    )


def cause_of_repeat(
    first: Mail, again: Mail, faults: Iterable[Fault], unacknowledged: frozenset[str]
) -> str | None:
    """Return the name of the fault that explains why a mail came again, or `None`."""
    if first.file in unacknowledged:
        return "mail-hang-up-after-data"
    begin, end = first.at, min(again.at, first.at + MAX_COMMIT_SECONDS)
    for fault in faults:
        after = _after(fault)
        if (
            fault.hit
            and after is not None
            and fault.started_at - SECONDS_BEFORE <= end
            and fault.ended_at + after >= begin
        ):
            return f"{fault.kind} {fault.target}"
    return None


def _after(fault: Fault) -> float | None:
    """Return how long after its end a fault still has effects; `None` if it does not concern mails."""
    if fault.kind == "crash":
        return AFTER_KILL if fault.target.startswith("notifier") else None
    if fault.target in SENDERS:
        # From a kill until the next process is there nobody sends, so what counts is the moment of the kill.
        return (
            AFTER_KILL - (fault.ended_at - fault.started_at)
            if fault.kind == "kill"
            else AFTER_OUTAGE
            if fault.kind != "term"
            else AFTER_KILL
        )
    if fault.target in SERVERS and fault.kind not in HARMLESS:
        return AFTER_OUTAGE
    return None
