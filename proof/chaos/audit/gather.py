"""Reads all evidence of a run from its journals, topics, databases and mails."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from proof.chaos.audit.evidence import Evidence
from proof.chaos.audit.read_databases import read_notifier, read_tracker, still_open
from proof.chaos.audit.read_journals import (
    read_bounced,
    read_faults,
    read_journals,
    read_no_page,
    read_unacknowledged,
)
from proof.chaos.audit.read_mails import read_mails
from proof.chaos.audit.read_topics import read_topics


@dataclass(frozen=True)
class Places:
    """Where the evidence is; `kafka` holds a client's options, `data_key` decrypts tracker's data."""

    journals: Path
    faults: Path
    maildir: Path
    mail_log: Path
    kafka: Mapping[str, Any]
    databases: Mapping[str, str]
    data_key: bytes


async def gather(places: Places, ledger: Mapping[str, Any] | None, ordered: int) -> Evidence:
    """Read everything; the stack is idle meanwhile."""
    submits, resolves, poison, logins = read_journals(places.journals)
    unreadable = {(each.topic, *each.place): each.key for each in poison if each.place}
    requests, history, dead_letters, alarms = await read_tracker(places.databases["tracker"], places.data_key)
    return Evidence(
        submits=submits,
        resolves=resolves,
        poison=poison,
        logins=logins,
        faults=read_faults(places.faults),
        records=await read_topics(places.kafka, unreadable=unreadable),
        requests=requests,
        history=history,
        deliveries=await read_notifier(places.databases["notifier"]),
        dead_letters=dead_letters,
        alarms=alarms,
        mails=await asyncio.to_thread(read_mails, places.maildir),
        unacknowledged=read_unacknowledged(places.mail_log),
        bounced=read_bounced(places.mail_log),
        spooled=(await still_open(places.databases))["spooled"],
        ledger=ledger,
        ordered=ordered,
        no_page=read_no_page(places.journals),
    )
