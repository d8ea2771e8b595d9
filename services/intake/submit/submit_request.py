"""Accepts a valid form: derives its id, seals personal data, and publishes it or stores it in the spool."""

import asyncio
from dataclasses import dataclass, field
from datetime import UTC, datetime
from uuid import UUID

from pydantic_core import to_json

from services.intake.problems import Conflict
from services.intake.submit.circuit_breaker import SubmittedTopic
from services.intake.submit.derive_ids import Derivation
from services.intake.submit.recent_requests import DIGEST_HEADER, RecentRequests
from services.intake.submit.spool import Spool, SpoolAway
from services.intake.submit.submission import Accepted, Submission
from services.intake.submit.working_days import due_at
from shared import canary
from shared.crypto.sealing import EpochSealer
from shared.events.envelope import Envelope, Message, encode
from shared.events.request_submitted import RequestSubmitted
from shared.kafka.producer import KafkaUnavailable, RecordRefused
from shared.process.crash_points import crash_point
from shared.process.logs import get_log
from shared.text.greeted_name import greeted_name
from shared.web.problems import Unavailable

log = get_log(__name__)

SOURCE = "/asiointi/intake"
RETRY_AFTER_SECONDS = 10


@dataclass(frozen=True)
class SubmitRequest:
    """The use case: `accepted = await submit_request(submission)`."""

    derivation: Derivation
    tracker_sealer: EpochSealer
    notifier_sealer: EpochSealer
    topic: SubmittedTopic
    spool: Spool
    recent: RecentRequests
    _in_flight: dict[UUID, tuple[bytes, asyncio.Task[Accepted]]] = field(default_factory=dict, init=False)

    async def __call__(self, submission: Submission) -> Accepted:
        """Accept a submission once, however often it comes.

        Raises `Conflict` if its key was used for another body, `Unavailable` if neither Kafka nor the spool
        took it. It may still arrive then, and has the same id if it is sent again.
        """
        request_id = self.derivation.request_id(
            submission.idempotency_key, f"{submission.channel} {submission.caller}"
        )
        digest = self.derivation.body_digest(
            submission.service.code, submission.language, submission.form.values
        )
        if submission.idempotency_key is None:
            return await self._keep(submission, request_id, digest)
        if (earlier := self._in_flight.get(request_id)) is None:
            earlier = digest, asyncio.create_task(self._keep_once(submission, request_id, digest))
            self._in_flight[request_id] = earlier
            earlier[1].add_done_callback(lambda _: self._in_flight.pop(request_id, None))
        _refuse_other_body(earlier[0], digest)
        # Shielded: when one caller disconnects, others that wait for the same request get their answer.
        return await asyncio.shield(earlier[1])

    async def _keep_once(self, submission: Submission, request_id: UUID, digest: bytes) -> Accepted:
        if (first := self.recent.digest_of(request_id)) is not None:
            _refuse_other_body(first, digest)
            return Accepted(request_id, spooled=False)
        if (
            self.spool.filled
            and not self.spool.away
            and (waiting := await self._waiting_digest(request_id)) is not None
        ):
            _refuse_other_body(waiting, digest)
            return Accepted(request_id, spooled=True)
        return await self._keep(submission, request_id, digest)

    async def _waiting_digest(self, request_id: UUID) -> bytes | None:
        try:
            return await self.spool.digest_of(request_id)
        except SpoolAway:
            return None

    async def _keep(self, submission: Submission, request_id: UUID, digest: bytes) -> Accepted:
        message = self._sealed_record(submission, request_id, digest)
        try:
            await self.topic.send((message,))
            crash_point("intake.after-ack")
            self.recent.accepted(request_id, digest)
        except (KafkaUnavailable, RecordRefused) as error:
            # The topic's size limit is below that of a form. The spool sets the record aside, which is an
            # alarm for operators.
            if submission.service.hidden:
                raise Unavailable(retry_after=RETRY_AFTER_SECONDS) from None  # the spool is for requests only
            try:
                _refuse_other_body(await self.spool.add(request_id, digest, message), digest)
            except SpoolAway:
                raise Unavailable(retry_after=RETRY_AFTER_SECONDS) from None
            facts = {
                "request_id": str(request_id),
                "service": submission.service.code,
                "traceparent": submission.traceparent,
            }
            log.info("request_spooled", reason=type(error).__name__, **facts)
            return Accepted(request_id, spooled=True)
        log.debug(
            "request_accepted",
            request_id=request_id,
            service=submission.service.code,
            traceparent=submission.traceparent,
        )
        return Accepted(request_id, spooled=False)

    def _sealed_record(self, submission: Submission, request_id: UUID, digest: bytes) -> Message:
        service, form, now = submission.service, submission.form, datetime.now(UTC)
        content = to_json({"person": form.person(), "answers": form.answers(service)})
        identity = submission.identity
        greeted = greeted_name(identity.given_name if identity else "", identified=identity is not None)
        contact = to_json({"email": form.email, "first_name": greeted})
        event = RequestSubmitted(
            request_id=request_id,
            service=service.code,
            service_title=service.title.in_language(submission.language),
            service_title_fi=service.title.fi,
            role=service.role,
            language=submission.language,
            authentication="strong" if submission.identity else "none",
            channel=submission.channel,
            queue=service.queue,
            due_at=due_at(now, service.due_days),
            retention_days=service.retention_days,
            submitted_at=now,
            body_digest=digest.hex(),
            sealed_form=self.tracker_sealer.seal(content, purpose="form", request_id=request_id),
            sealed_contact=self.notifier_sealer.seal(contact, purpose="contact", request_id=request_id),
            answer_promised=service.promises_answer(form.values),
        )
        message = encode(Envelope(event, SOURCE, str(request_id), now, submission.traceparent))
        message.headers.append((DIGEST_HEADER, digest.hex().encode()))
        if service.code == canary.SERVICE:
            message.headers.append((canary.HEADER, b"1"))
        return message


def _refuse_other_body(first: bytes, digest: bytes) -> None:
    if first != digest:
        raise Conflict
