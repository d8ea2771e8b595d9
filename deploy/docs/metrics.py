"""Generates docs/metrics.md: the metrics of tracker's `/metrics`, and the rules of deploy/alerts.yaml."""

from datetime import UTC, datetime
from pathlib import Path

import yaml
from prometheus_client.parser import text_string_to_metric_families

from deploy.docs.markdown import code, document, section, table
from services.tracker.ledger.metrics import exposition
from services.tracker.ledger.overdue import REASONS, CanaryRun, Ledger, Overdue
from shared.events.topics import READERS

INTRODUCTION = """`GET {tracker}/metrics`, in Prometheus' text format, without a token: counts, and ids of
consumer groups; nothing about anybody. They are a reading of the ledger
([operating.md](operating.md#the-ledger)), which is read anew every few seconds. A reading whose part
could not be asked is left out."""
RULES = Path(__file__).resolve().parents[1] / "alerts.yaml"
EPOCH = datetime(2026, 1, 1, tzinfo=UTC)
STAGES = ("answered", "shown", "numbered", "mailed")


def describe_metrics() -> str:
    """Return the document."""
    reasons = ", ".join(map(code, REASONS))
    return document(
        "Metrics",
        INTRODUCTION,
        section(
            "Names",
            _metrics(),
            f"`reason` is one of {reasons}: the alarms, which [operating.md](operating.md#alarms) explains.",
        ),
        section("Rules for alerts", "In `deploy/alerts.yaml`:", _rules()),
    )


def _metrics() -> str:
    """Describe a ledger in which nothing is missing."""
    full = Ledger(
        at=EPOCH,
        **dict.fromkeys(
            (
                "numbered",
                "numbers_drawn",
                "receipted",
                "receipts_failed",
                "resolved",
                "dead_letters",
                "on_the_log",
                "in_the_spool",
            ),
            0,
        ),
        canary=CanaryRun(EPOCH, dict.fromkeys(STAGES, 0.0)),
        lag=dict.fromkeys(READERS, 0),
        overdue=[Overdue(REASONS[0], 1, oldest_at=EPOCH)],
    )
    rows = []
    for family in text_string_to_metric_families(exposition(full, 0.0).decode()):
        labels = dict.fromkeys(label for sample in family.samples for label in sample.labels)
        name = family.samples[0].name if family.samples else family.name
        rows.append((code(name), family.type, ", ".join(map(code, labels)), family.documentation))
    return table(("name", "type", "labels", "what"), rows)


def _rules() -> str:
    groups = yaml.safe_load(RULES.read_text(encoding="utf-8"))["groups"]
    rules = [rule for group in groups for rule in group["rules"]]
    return table(
        ("alert", "severity", "when", "for"),
        (
            (code(rule["alert"]), rule["labels"]["severity"], code(rule["expr"]), rule.get("for", ""))
            for rule in rules
        ),
    )
