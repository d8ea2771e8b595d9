"""Checks that many simultaneous logins are all answered within seconds and without an error."""

from collections.abc import Iterable

from proof.chaos.audit.cases import Cases
from proof.chaos.audit.evidence import Fault, Login
from proof.chaos.audit.finding import Finding, findings

MAX_ANSWER_SECONDS = 12.0
"""Passwords are hashed slowly on purpose: thirty of them keep two cores busy for seconds."""
ERROR = 500
PARTS, RECOVERS_SECONDS = ("identity", "tracker", "postgres"), 30.0


def check_logins(cases: Cases) -> list[Finding]:
    """Find `logins_held_up`."""
    faults = cases.evidence.faults
    held_up = (login for login in cases.evidence.logins if _is_held_up(login) and not _struck(login, faults))
    return findings(
        "logins_held_up",
        (f"status {login.status} after {login.answered_at - login.sent_at:.1f} s" for login in held_up),
    )


def _is_held_up(login: Login) -> bool:
    return not 0 < login.status < ERROR or login.answered_at - login.sent_at > MAX_ANSWER_SECONDS


def _struck(login: Login, faults: Iterable[Fault]) -> bool:
    """True if a part that a login needs was under a fault, or had not recovered yet."""
    return any(
        fault.hit
        and fault.kind != "logins"
        and fault.started_at <= login.answered_at
        and login.sent_at <= fault.ended_at + RECOVERS_SECONDS
        for fault in faults
        if set(fault.target.split("+")) & set(PARTS)
    )
