"""A broken promise that the auditor found."""

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class Finding:
    """One broken promise.

    Which one (`without_number`, `second_numbers`, …), its subject, and what was seen.
    """

    check: str
    subject: str
    detail: str = ""


def findings(check: str, subjects: Iterable[object], detail: str = "") -> list[Finding]:
    """Return one finding per subject."""
    return [Finding(check, str(subject), detail) for subject in subjects]
