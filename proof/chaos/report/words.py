"""The words for figures and promises, shared by the table and the page."""

from collections.abc import Mapping
from statistics import median
from typing import Any

FIGURES = {
    "orders": "orders sent",
    "attempts": "attempts, repeats included",
    "accepted": "orders answered as accepted",
    "told_accepted": "answers: accepted, repeats included",
    "told_refused": "answers: refused",
    "told_failed": "answers: failed",
    "told_nothing": "no answer at all",
    "told_failed_yet_arrived": "answered as failed, but arrived (once)",
    "conflicts_told_late": "another body under a used key, noticed later",
    "numbered": "requests with a number",
    "mails": "mails at the mail server",
    "repeats": "mails that came twice, same Message-ID",
    "resolved": "requests resolved",
    "events_published_twice": "events published twice, dropped by id",
    "dead_letters_expected": "poison sent",
    "dead_letters_found": "dead letters",
    "alarms": "alarms raised",
    "faults": "faults",
    "crash_points_missed": "crash points nobody reached",
}
PROMISES = {
    "without_number": "accepted, but without a number",
    "second_numbers": "requests with two numbers",
    "shared_numbers": "numbers of two requests",
    "second_requests": "keys that made two requests",
    "half_registered": "in the database or on the topic only",
    "strangers": "registered, but never sent",
    "without_receipt": "numbered, but without a receipt",
    "failed_without_cause": "mails that failed though their recipient was not refused",
    "wrong_address": "mails to a wrong address",
    "wrong_number": "mails with a wrong number",
    "wrong_language": "mails in a wrong language",
    "stray_mails": "mails to nobody",
    "unexplained_repeats": "repeats that no fault explains",
    "second_messages": "repeats with another Message-ID",
    "second_deliveries": "mails written down twice",
    "unpublished": "history that is not on the topic",
    "out_of_order": "history out of order on the topic",
    "mails_out_of_order": "resolution before receipt",
    "resolutions_missing": "answered as resolved, but not",
    "second_resolutions": "resolved twice",
    "wrong_resolutions": "resolved with a wrong text",
    "poison_lost": "poison that vanished",
    "dead_letters_missing": "poison without a dead letter",
    "dead_letters_extra": "dead letters that are no poison",
    "dead_letters_unseen": "dead letters that operators do not see",
    "dead_letters_twice": "dead letters that operators see twice",
    "never_sent": "orders that were never sent",
    "second_ids": "repeats answered with another id",
    "invalid_accepted": "invalid forms accepted",
    "valid_refused": "valid forms refused",
    "conflicts_not_told": "conflicts not reported, without a fault",
    "errors_without_fault": "errors without a fault",
    "still_spooled": "left in the spool",
    "ledger_differs": "differences from the tracker's ledger",
    "silent_waits": "too long waits without an alarm",
    "stood_still": "frozen workers beside which nothing went on",
    "logins_held_up": "logins that waited too long or got an error",
}


def sentence(known: Mapping[str, Any]) -> str:
    """Return the result of the run in one sentence."""
    if known["ok"]:
        return (
            f"Nothing was lost: each of {known['accepted']} accepted requests has its number and its "
            f"receipt, after {known['faults']} faults."
        )
    left = ", ".join(f"{count} {name}" for name, count in known["open_at_end"].items())
    broken = sum(bool(known[name]) for name in PROMISES)
    return f"{broken} promises are broken." + (f" Still under way at the end: {left}." if left else "")


RECOVERY = (
    "From the end of a fault (a kill or fail-over: from its beginning) to the first mail of a "
    "request that was sent after it"
)


def recovery(known: Mapping[str, Any]) -> str:
    """Return what the recovery times mean."""
    how = "each fault alone" if known["one_at_a_time"] else "whatever other faults came in between"
    return f"{RECOVERY}; {how}."


def again(known: Mapping[str, Any]) -> str:
    """Return the command that repeats a run."""
    brokers = f" --brokers {known['brokers']}" if known["brokers"] > 1 else ""
    alone = " --one-at-a-time" if known["one_at_a_time"] else ""
    alone += f" --only {','.join(known['only'])}" if known["only"] else ""
    sent = "" if known["short"] else f" --requests {known['requests']} --rate {known['rate']:g}"
    variant = f" --variant {known['variant']}" if known["variant"] else " --short" if known["short"] else ""
    return f"./chaos --seed {known['seed']}{sent}{brokers}{variant}{alone}"


def left_out(known: Mapping[str, Any]) -> str:
    """Return the kinds of fault for which there was no time."""
    return (
        f"No time in this storm for: {', '.join(known['kinds_left_out'])}." if known["kinds_left_out"] else ""
    )


def stood_still(known: Mapping[str, Any]) -> str:
    """Return how long the harness itself was blocked."""
    lag = known["harness_stood_still"]
    return (
        f"The harness itself stood still for {lag['together']:g} s in all ({lag['longest']:g} s at "
        "most): the machine was that busy."
    )


def slowest_by_kind(known: Mapping[str, Any]) -> list[tuple[str, int, float, float]]:
    """Return for each kind of fault the count, and the median and longest recovery time in seconds."""
    kinds: dict[str, list[float]] = {}
    for each in known["recovery"]:
        if each["mailed"] is not None:
            by_target = known["one_at_a_time"] or each["kind"] == "away"
            kinds.setdefault(f"{each['kind']} {each['target']}" if by_target else each["kind"], []).append(
                each["mailed"]
            )
    return [(kind, len(times), median(times), max(times)) for kind, times in sorted(kinds.items())]
