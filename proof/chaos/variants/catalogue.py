"""Lists the broken variants: the process, the defect, and the fault that reveals it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from proof.chaos.storm.plan import Fault


@dataclass(frozen=True)
class Variant:
    """A broken variant: `broken` maps a process to it, `plan` are the faults.

    `caught_by` are the promises that the auditor must find broken.
    """

    broken: Mapping[str, str]
    plan: Sequence[Fault]
    caught_by: frozenset[str]


VARIANTS = {
    "offsets-first": Variant(
        {"tracker-worker": "offsets_first"},
        [Fault("crash", "variant.after-offset-commit", 4.0, 1.0)],
        frozenset({"without_number", "ledger_differs"}),
    ),
    "mark-first": Variant(
        {"tracker-worker": "mark_first"},
        [Fault("crash", "variant.after-mark", 4.0, 1.0)],
        frozenset({"without_receipt", "unpublished"}),
    ),
    "no-unique-key": Variant(
        {"notifier-worker": "no_unique_key"},
        [Fault("crash", "notifier.after-database-commit", 4.0, 1.0)],
        frozenset({"unexplained_repeats", "second_deliveries"}),
    ),
    "send-without-ack": Variant(
        {"intake": "send_without_ack"},
        [Fault("lost-in-buffer", "intake", 2.0, 1.0)],
        frozenset({"without_number"}),
    ),
}
