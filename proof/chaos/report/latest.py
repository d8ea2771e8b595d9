"""Builds the facts of a run for `latest.json`."""

from dataclasses import asdict
from datetime import UTC, datetime
from os import cpu_count
from typing import Any

from proof.chaos.audit.recovery import Recovery
from proof.chaos.options import Options
from proof.chaos.run import Outcome
from proof.chaos.storm.plan import kinds_left_out

MAX_FINDINGS = 200


def facts(options: Options, outcome: Outcome) -> dict[str, Any]:
    """Return all facts of a run except its curves."""
    verdict = outcome.verdict
    return {
        "ok": is_ok(outcome),
        "seed": options.seed,
        "requests": options.requests,
        "rate": options.rate,
        "short": options.short,
        "one_at_a_time": options.alone,
        "brokers": options.brokers,
        "only": sorted(options.only),
        "variant": options.variant,
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "cores": cpu_count(),
        **verdict.figures,
        **verdict.broken,
        "repeats_by_cause": verdict.repeats,
        "open_at_end": dict(outcome.open_at_end),
        "seconds": dict(outcome.seconds),
        "harness_stood_still": asdict(outcome.lag),
        "recovery": [_recovery(each) for each in verdict.recovery],
        "told_failed_yet_arrived_orders": verdict.failed_yet_registered,
        "findings": [asdict(finding) for finding in verdict.findings[:MAX_FINDINGS]],
        "kinds_left_out": [] if options.variant else kinds_left_out(outcome.plan),
        "plan": [asdict(fault) for fault in outcome.plan],
    }


def is_ok(outcome: Outcome) -> bool:
    """True if no promise was broken and nothing was left unfinished."""
    return outcome.verdict.ok and not outcome.open_at_end


def _recovery(each: Recovery) -> dict[str, Any]:
    fault = each.fault
    return {
        "kind": fault.kind,
        "target": fault.target,
        "accepted": each.accepted,
        "numbered": each.numbered,
        "mailed": each.mailed,
    }
