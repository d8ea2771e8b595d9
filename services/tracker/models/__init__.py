"""Tracker's tables."""

from services.tracker.models.commands import KeptAnswer, ProcessedCommand
from services.tracker.models.ledger import Alarm, AlarmAddress, CanaryRun, LedgerCount
from services.tracker.models.mails import MailOutcomeEntry, OwedMail
from services.tracker.models.reads import Read
from services.tracker.models.records import (
    DEAD_LETTER_WAITS,
    DeadLetter,
    ReadPosition,
    SkippedRecords,
    UnsignedBefore,
)
from services.tracker.models.requests import REMOVABLE, REMOVAL_DUE, HistoryEntry, TrackedRequest
from services.tracker.models.table import WORK_NUMBERS, metadata

__all__ = [
    "DEAD_LETTER_WAITS",
    "REMOVABLE",
    "REMOVAL_DUE",
    "WORK_NUMBERS",
    "Alarm",
    "AlarmAddress",
    "CanaryRun",
    "DeadLetter",
    "HistoryEntry",
    "KeptAnswer",
    "LedgerCount",
    "MailOutcomeEntry",
    "OwedMail",
    "ProcessedCommand",
    "Read",
    "ReadPosition",
    "SkippedRecords",
    "TrackedRequest",
    "UnsignedBefore",
    "metadata",
]
