"""What this process knows of recent requests: the digests of their bodies and, from the lifecycle, their numbers and states."""

import asyncio
import contextlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from sys import intern
from uuid import UUID

from pydantic_core import from_json

from shared.events.topics import LIFECYCLE, SUBMITTED
from shared.kafka.connection import KafkaConnection
from shared.kafka.follow import Followed, follow_topics
from shared.logs import get_log

log = get_log(__name__)

MOST_REMEMBERED = 100_000
BACK_SECONDS = 3_600.0
MOST_READ_BACK = 20_000
PATIENCE_MS = 500
DIGEST_HEADER = "ce_bodydigest"
"""CloudEvents extension of `request.submitted.v1`: the body digest in hex, so that a follower need not parse the sealed record."""


@dataclass(frozen=True, slots=True)
class Progress:
    """What the lifecycle told last about one request; `work_number` has nine or ten digits."""

    work_number: str
    state: str
    registered_at: datetime
    due_at: datetime
    service_title: str


@dataclass(slots=True)
class Known:
    """One remembered request."""

    digest: bytes | None = None
    progress: Progress | None = None
    told_at: datetime | None = None


class Numbers:
    """A bounded memory of recent requests; the one that was touched longest ago goes first."""

    def __init__(self, most: int = MOST_REMEMBERED) -> None:
        self._most = most
        self._known: dict[UUID, Known] = {}
        self._waiting: dict[UUID, set[asyncio.Future[None]]] = {}

    def known(self, request_id: UUID) -> Progress | None:
        """Give number and state where the lifecycle has told them here."""
        entry = self._known.get(request_id)
        return entry.progress if entry else None

    def digest_of(self, request_id: UUID) -> bytes | None:
        """Give the body digest of a request that was accepted lately, by any process."""
        entry = self._known.get(request_id)
        return entry.digest if entry else None

    def remembers(self, request_id: UUID) -> bool:
        """Say whether the request was accepted lately, with a number or not."""
        return request_id in self._known

    async def wait(self, request_id: UUID, timeout: float) -> Progress | None:  # noqa: ASYNC109  part of what is asked: how long to wait
        """Wait until the request has its number, at most `timeout` seconds; gives what is known then."""
        if progress := self.known(request_id):
            return progress
        told = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(request_id, set()).add(told)
        try:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(told, timeout)
        finally:
            waiting = self._waiting.get(request_id, set())
            waiting.discard(told)
            if not waiting:
                self._waiting.pop(request_id, None)
        return self.known(request_id)

    def accepted(self, request_id: UUID, digest: bytes) -> None:
        """Remember the digest of an accepted body; the first one stands."""
        entry = self._touch(request_id)
        if entry.digest is None:
            entry.digest = digest

    def told(self, request_id: UUID, progress: Progress, at: datetime) -> None:
        """Remember what the lifecycle told at a moment, unless something later is known, and wake who waits for it."""
        entry = self._touch(request_id)
        if entry.told_at is None or entry.told_at <= at:
            entry.progress, entry.told_at = progress, at
        for future in self._waiting.get(request_id, ()):
            if not future.done():
                future.set_result(None)

    async def follow(self, kafka: KafkaConnection) -> None:
        """Read both topics for ever, from an hour back on: numbers at once, digests (other processes' keys) within half a second."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._follow(kafka, LIFECYCLE, 0))
            group.create_task(self._follow(kafka, SUBMITTED, PATIENCE_MS))

    async def _follow(self, kafka: KafkaConnection, topic: str, patience_ms: int) -> None:
        async for batch in follow_topics(kafka, [topic], back_seconds=BACK_SECONDS, most=MOST_READ_BACK, patience_ms=patience_ms):
            for record in batch:
                self._read(record)

    def _read(self, record: Followed) -> None:
        try:
            if record.topic == SUBMITTED:
                self._read_submitted(record)
            else:
                self._read_lifecycle(record)
        except (ValueError, KeyError, TypeError) as error:
            # Whether such a record belongs in the dead letters is for the consumers to decide; here it only tells nothing.
            log.warning("unreadable_record", topic=record.topic, error=type(error).__name__)

    def _read_submitted(self, record: Followed) -> None:
        digest = _header(record.headers, DIGEST_HEADER)
        if record.key and digest:
            self.accepted(UUID(record.key.decode()), bytes.fromhex(digest.decode()))

    def _read_lifecycle(self, record: Followed) -> None:
        facts = from_json(record.value or b"")
        if "work_number" not in facts:
            return
        registered_at = datetime.fromisoformat(facts["submitted_at"])
        progress = Progress(
            facts["work_number"], intern(facts["state"]), registered_at, datetime.fromisoformat(facts["due_at"]), intern(facts["service_title"])
        )
        self.told(UUID(facts["request_id"]), progress, datetime.fromisoformat(facts["occurred_at"]))

    def _touch(self, request_id: UUID) -> Known:
        entry = self._known.pop(request_id, None) or Known()
        self._known[request_id] = entry
        if len(self._known) > self._most:
            del self._known[next(iter(self._known))]
        return entry


def _header(headers: Sequence[tuple[str, bytes]], name: str) -> bytes | None:
    return next((value for header, value in headers if header == name), None)
