"""Memory of recent requests in this process: body digests, and numbers and states from the lifecycle."""

import asyncio
import contextlib
import time
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from sys import intern
from uuid import UUID

from shared.crypto.record_mac import RecordVerifier
from shared.events.envelope import decode
from shared.events.request_lifecycle import RequestLifecycle
from shared.events.topics import LIFECYCLE, SUBMITTED
from shared.kafka.batches import Record
from shared.kafka.connection import KafkaConnection
from shared.kafka.follow import follow_topics
from shared.process.loops import run_together

MAX_REMEMBERED = 100_000
BACK_SECONDS = 3_600.0
LATE_SECONDS = 10.0
MAX_READ_BACK = 20_000
PATIENCE_MS = 500
DIGEST_HEADER = "ce_bodydigest"
"""CloudEvents extension of `request.submitted.v1`: the body digest in hex.

A follower reads it without parsing the sealed record.
"""


@dataclass(frozen=True, slots=True)
class Progress:
    """The latest number and state of one request; `work_number` has nine or ten digits."""

    work_number: str
    state: str
    registered_at: datetime
    due_at: datetime
    service_title: str
    service: str = ""


@dataclass(slots=True)
class Known:
    """One remembered request."""

    digest: bytes | None = None
    progress: Progress | None = None
    told_at: datetime | None = None
    since: float = field(default_factory=time.monotonic)


class RecentRequests:
    """A bounded memory of recent requests; the least recently used one goes first."""

    def __init__(self, most: int = MAX_REMEMBERED) -> None:
        self._most = most
        self._known: dict[UUID, Known] = {}
        self._waiting: dict[UUID, set[asyncio.Future[None]]] = {}

    def known(self, request_id: UUID) -> Progress | None:
        """Return number and state if the lifecycle events were seen here."""
        entry = self._known.get(request_id)
        return entry.progress if entry else None

    def digest_of(self, request_id: UUID) -> bytes | None:
        """Return the body digest of a request that any process accepted lately."""
        entry = self._known.get(request_id)
        return entry.digest if entry else None

    def remembers(self, request_id: UUID) -> bool:
        """True if the request was accepted lately, with a number or not."""
        return request_id in self._known

    def is_late(self, request_id: UUID) -> bool:
        """True if a remembered request should have its number by now."""
        entry = self._known.get(request_id)
        return entry is not None and entry.progress is None and time.monotonic() - entry.since > LATE_SECONDS

    async def wait(self, request_id: UUID, timeout: float) -> Progress | None:  # noqa: ASYNC109  part of what is asked: how long to wait
        """Wait until the request has its number, at most `timeout` seconds; return what is known then."""
        if progress := self.known(request_id):
            return progress
        known = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(request_id, set()).add(known)
        try:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(known, timeout)
        finally:
            waiting = self._waiting.get(request_id, set())
            waiting.discard(known)
            if not waiting:
                self._waiting.pop(request_id, None)
        return self.known(request_id)

    def accepted(self, request_id: UUID, digest: bytes) -> None:
        """Remember the digest of an accepted body; the first one is kept."""
        entry = self._touch(request_id)
        if entry.digest is None:
            entry.digest = digest

    def note(self, request_id: UUID, progress: Progress, at: datetime) -> None:
        """Remember a lifecycle event unless a later one is known, and wake those who wait for the request."""
        entry = self._touch(request_id)
        if entry.told_at is None or entry.told_at <= at:
            entry.progress, entry.told_at = progress, at
        for future in self._waiting.get(request_id, ()):
            if not future.done():
                future.set_result(None)

    async def follow(self, kafka: KafkaConnection, verifier: RecordVerifier) -> None:
        """Run for ever: read both topics, from an hour back on.

        Numbers come at once, digests (keys used at other processes) within half a second.
        """
        follow = partial(follow_topics, kafka, back_seconds=BACK_SECONDS, most=MAX_READ_BACK)
        await run_together(
            follow([LIFECYCLE], self._read_lifecycle),
            follow([SUBMITTED], partial(self._read_submitted, verifier), patience_ms=PATIENCE_MS),
        )

    def _read_submitted(self, verifier: RecordVerifier, record: Record) -> None:
        digest = next((value for name, value in record.headers if name == DIGEST_HEADER), None)
        # A record that intake did not sign must not turn a citizen's own request into a conflict.
        if record.key and digest and verifier.verify(record.key, record.value, record.headers):
            self.accepted(UUID(record.key.decode()), bytes.fromhex(digest.decode()))

    def _read_lifecycle(self, record: Record) -> None:
        event = decode(record.value, record.headers).event
        if isinstance(event, RequestLifecycle):
            title, service = intern(event.service_title), intern(event.service)
            progress = Progress(
                event.work_number, intern(event.state), event.submitted_at, event.due_at, title, service
            )
            self.note(event.request_id, progress, event.occurred_at)

    def _touch(self, request_id: UUID) -> Known:
        entry = self._known.pop(request_id, None) or Known()
        self._known[request_id] = entry
        if len(self._known) > self._most:
            del self._known[next(iter(self._known))]
        return entry
