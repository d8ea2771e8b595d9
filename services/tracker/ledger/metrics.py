"""The ledger as metrics, in Prometheus' text format: counts and ids of groups only, nothing about anybody."""

from collections.abc import Iterable

from prometheus_client import CollectorRegistry, Metric, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily

from services.tracker.ledger.overdue import REASONS, CanaryRun, Ledger


class _Reading:
    """One reading as a collector; without one it reports its age and that the reading is missing."""

    def __init__(self, ledger: Ledger | None, age: float) -> None:
        self._ledger = ledger
        self._age = age

    def collect(self) -> Iterable[Metric]:
        ledger = self._ledger
        yield GaugeMetricFamily(
            "asiointi_ledger_up",
            "1 when the ledger has been read at least once",
            value=float(ledger is not None),
        )
        if ledger is None:
            return
        yield GaugeMetricFamily(
            "asiointi_ledger_age_seconds", "Seconds since the ledger was read", value=self._age
        )
        yield from _counts(ledger)
        yield from _overdue(ledger)


def _counts(ledger: Ledger) -> Iterable[Metric]:
    yield _by_stage(ledger)
    yield GaugeMetricFamily(
        "asiointi_receipts_failed", "Receipts that will not go by themselves", value=ledger.receipts_failed
    )
    yield GaugeMetricFamily("asiointi_receipts_waiting", "Receipts under way", value=ledger.receipts_waiting)
    yield CounterMetricFamily(
        "asiointi_work_numbers_drawn", "Work numbers drawn, burnt ones too", value=ledger.numbers_drawn
    )
    yield GaugeMetricFamily(
        "asiointi_work_numbers_burnt", "Work numbers drawn that name no request", value=ledger.numbers_burnt
    )
    yield GaugeMetricFamily(
        "asiointi_dead_letters_waiting", "Dead letters that wait for an operator", value=ledger.dead_letters
    )
    yield GaugeMetricFamily(
        "asiointi_set_aside", "Accepted requests set aside or passed over", value=ledger.set_aside
    )
    yield GaugeMetricFamily(
        "asiointi_settled", "Those of which it is noted what the citizen was told", value=ledger.settled
    )
    yield GaugeMetricFamily(
        "asiointi_to_be_removed",
        "Requests whose retention time is over and whose contents remain",
        value=ledger.to_be_removed,
    )
    if ledger.in_the_spool is not None:
        yield GaugeMetricFamily(
            "asiointi_spool_waiting", "Submissions in intake's spool", value=ledger.in_the_spool
        )
    if ledger.canary is not None:
        yield from _of_canary(ledger.canary)
    lag = GaugeMetricFamily("asiointi_lag_records", "Records that a reader is behind", labels=["group"])
    for group, behind in ledger.lag.items():
        lag.add_metric([group], behind)
    yield lag


def _by_stage(ledger: Ledger) -> Metric:
    requests = CounterMetricFamily("asiointi_requests", "Requests that came so far", labels=["stage"])
    stages = {
        "accepted": ledger.accepted,
        "numbered": ledger.numbered,
        "receipted": ledger.receipted,
        "resolved": ledger.resolved,
    }
    for stage, count in stages.items():
        if count is not None:
            requests.add_metric([stage], count)
    return requests


def _of_canary(canary: CanaryRun) -> Iterable[Metric]:
    seconds_to = GaugeMetricFamily(
        "asiointi_canary_seconds",
        "Seconds that the latest test request took to each stage",
        labels=["stage"],
    )
    for stage, seconds in canary.seconds.items():
        seconds_to.add_metric([stage], seconds)
    yield seconds_to
    yield GaugeMetricFamily(
        "asiointi_canary_begun_seconds",
        "When it began, since 1970",
        value=canary.begun_at.timestamp(),
    )


def _overdue(ledger: Ledger) -> Iterable[Metric]:
    overdue = GaugeMetricFamily(
        "asiointi_overdue", "What is overdue, by reason: each above 0 is an alarm", labels=["reason"]
    )
    oldest = GaugeMetricFamily(
        "asiointi_overdue_oldest_seconds", "Age of the oldest that is overdue", labels=["reason"]
    )
    for reason in REASONS:
        overdue.add_metric([reason], ledger.of(reason))
        since = min(
            (each.oldest_at for each in ledger.overdue if each.reason == reason and each.oldest_at),
            default=None,
        )
        if since:
            oldest.add_metric([reason], (ledger.at - since).total_seconds())
    yield overdue
    yield oldest


def exposition(ledger: Ledger | None, age: float) -> bytes:
    """Write a reading that is `age` seconds old."""
    registry = CollectorRegistry()
    registry.register(_Reading(ledger, age))
    return generate_latest(registry)
