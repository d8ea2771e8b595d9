"""Checks that the dead letters are exactly the poison records, each shown once to operators."""

from collections import Counter
from collections.abc import Mapping

from proof.chaos.audit.cases import Cases
from proof.chaos.audit.evidence import Record
from proof.chaos.audit.finding import Finding, findings

MARK, SUFFIX = "poison", ".dead-letter"
Origin = tuple[str, int, int]


def check_dead_letters(cases: Cases) -> list[Finding]:
    """Find `poison_lost` (acknowledged, but not on its topic) and wrong dead letters.

    These are `dead_letters_missing`, `dead_letters_extra`, `dead_letters_unseen`, `…_twice`.
    """
    evidence = cases.evidence
    expected, found = sent_poison(cases), dead_letter_origins(cases)
    keys = {record.key for record in evidence.records if not record.topic.endswith(SUFFIX)}
    rows = Counter((row.topic, row.partition, row.offset, row.group) for row in evidence.dead_letters)
    seen = {(topic, partition, offset) for topic, partition, offset, _ in rows}
    return [
        *findings(
            "poison_lost",
            (
                poison.key
                for poison in evidence.poison
                if poison.reply == "accepted" and poison.key not in keys
            ),
        ),
        *findings("dead_letters_missing", sorted(expected - found)),
        *findings("dead_letters_extra", sorted(found - expected)),
        *findings(
            "dead_letters_unseen", sorted(found ^ seen), "on the topic or in the operators' list, not in both"
        ),
        *findings(
            "dead_letters_twice",
            (origin for origin, count in rows.items() if count > 1),
            "in the operators' list",
        ),
    ]


def sent_poison(cases: Cases) -> set[Origin]:
    """Return the places of the poison records."""
    return {
        (record.topic, record.partition, record.offset)
        for record in cases.evidence.records
        if record.key.startswith(MARK) and not record.topic.endswith(SUFFIX)
    }


def dead_letter_origins(cases: Cases) -> set[Origin]:
    """Return the places from which the records on the dead-letter topics came."""
    return {_origin(record) for record in cases.evidence.records if record.topic.endswith(SUFFIX)}


def _origin(record: Record) -> Origin:
    headers: Mapping[str, str] = record.headers
    return (
        headers.get("dead_letter_topic", ""),
        int(headers.get("dead_letter_partition", -1)),
        int(headers.get("dead_letter_offset", -1)),
    )
