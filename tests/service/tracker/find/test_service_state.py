"""Whether numbers and mails come, as intake is told for its public page."""

from datetime import datetime, timezone

import pytest

from services.tracker.domain import Reason
from services.tracker.find.service_state import ServiceState, service_state
from services.tracker.ledger.overdue import Ledger, Overdue
from tests.service.tracker.api_client import ApiClient

NOW = datetime.now(timezone.utc)


def ledger(*overdue: Overdue) -> Ledger:
    """Return a reading in which nothing but this is overdue."""
    return Ledger(NOW, 1, 1, 1, 0, 0, 0, 0, 0, overdue=overdue)


@pytest.mark.parametrize(
    ("overdue", "state"),
    [
        ((), ServiceState(numbers=True, mails=True)),
        ((Overdue("canary", 0),), ServiceState(numbers=True, mails=True)),
        ((Overdue("no-number", 1),), ServiceState(numbers=False, mails=None)),
        ((Overdue("no-receipt", 1),), ServiceState(numbers=True, mails=False)),
        ((Overdue("no-mail", 3),), ServiceState(numbers=True, mails=False)),
        ((Overdue("canary", 1, note="no number"),), ServiceState(numbers=False, mails=None)),
        ((Overdue("canary", 1, note="no mail: mail failed: 5xx"),), ServiceState(numbers=True, mails=False)),
        ((Overdue("canary", 1, note="late"),), ServiceState(numbers=True, mails=False)),
        ((Overdue("canary", 1, note="none was sent"),), ServiceState(numbers=None, mails=None)),
        ((Overdue("no-number", 1), Overdue("no-receipt", 1)), ServiceState(numbers=False, mails=False)),
    ],
)
def test_what_is_overdue_says_what_does_not_come(overdue: tuple[Overdue, ...], state: ServiceState) -> None:
    assert service_state(ledger(*overdue)) == state


ONE_CITIZENS: list[Reason] = [
    "mail-failed",
    "returned-mail-unsettled",
    "dead-letter",
    "alarm-undelivered",
    "numbers-low",
]


@pytest.mark.parametrize("reason", ONE_CITIZENS)
def test_what_concerns_one_citizen_or_operators_only_is_no_fault_of_the_service(reason: Reason) -> None:
    assert service_state(ledger(Overdue(reason, 5))) == ServiceState(numbers=True, mails=True)


async def test_intake_is_told(api: ApiClient) -> None:
    answer = await api.get("/api/v1/status")
    assert (answer.status_code, answer.json()) == (200, {"numbers": True, "mails": True})
