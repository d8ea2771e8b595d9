"""What the auditor has to say."""

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class Finding:
    """One promise that was broken: which (`without_number`, `second_numbers`, …), for whom, and what was seen."""

    check: str
    subject: str
    detail: str = ""


def findings(check: str, subjects: Iterable[object], detail: str = "") -> list[Finding]:
    """Make one finding for each subject."""
    return [Finding(check, str(subject), detail) for subject in subjects]
