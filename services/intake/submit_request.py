"""Takes a valid form in: derives its id, seals the personal data, publishes and waits for the ack, or spools while Kafka is away."""

import asyncio
from datetime import UTC, datetime
from uuid import UUID

from pydantic_core import to_json

from services.intake.follow_numbers import DIGEST_HEADER
from services.intake.problems import Conflict
from services.intake.resources import Intake
from services.intake.spool import Spool, SpoolAway
from services.intake.submission import Accepted, Submission
from services.intake.working_days import due_at
from shared import canary
from shared.crash_points import crash_point
from shared.events.envelope import Envelope, Message, encode
from shared.events.request_submitted import RequestSubmitted
from shared.kafka.producer import KafkaUnavailable, RecordRefused
from shared.logs import get_log
from shared.problems import Unavailable

__all__ = ["Accepted", "Submission", "submit_request"]

log = get_log(__name__)

SOURCE = "urn:asiointi:intake"
RETRY_AFTER_SECONDS = 10


async def submit_request(intake: Intake, submission: Submission) -> Accepted:
    """Accept a submission once, however often it comes.

    Raises `Conflict` when its key was used for another body, `Unavailable` when neither Kafka nor the spool took it (it may still arrive, under
    the same id when it is sent again).
    """
    request_id = intake.derivation.request_id(submission.idempotency_key, f"{submission.channel} {submission.caller}")
    digest = intake.derivation.body_digest(submission.service.code, submission.language, submission.form.values)
    if submission.idempotency_key is None:
        return await _keep(intake, submission, request_id, digest)
    if (earlier := intake.in_flight.get(request_id)) is None:
        earlier = digest, asyncio.create_task(_keep_once(intake, submission, request_id, digest))
        intake.in_flight[request_id] = earlier
        earlier[1].add_done_callback(lambda _: intake.in_flight.pop(request_id, None))
    _refuse_other_body(earlier[0], digest)
    # Shielded: a caller that goes away does not take the answer from another one that waits for the same request.
    return await asyncio.shield(earlier[1])


async def _keep_once(intake: Intake, submission: Submission, request_id: UUID, digest: bytes) -> Accepted:
    if (first := intake.numbers.digest_of(request_id)) is not None:
        _refuse_other_body(first, digest)
        return Accepted(request_id, spooled=False)
    if intake.spool.filled and not intake.spool.away and (waiting := await _waiting_digest(intake.spool, request_id)) is not None:
        _refuse_other_body(waiting, digest)
        return Accepted(request_id, spooled=True)
    return await _keep(intake, submission, request_id, digest)


async def _waiting_digest(spool: Spool, request_id: UUID) -> bytes | None:
    try:
        return await spool.digest_of(request_id)
    except SpoolAway:
        return None


async def _keep(intake: Intake, submission: Submission, request_id: UUID, digest: bytes) -> Accepted:
    message = _sealed_record(intake, submission, request_id, digest)
    try:
        await intake.topic.send((message,))
        crash_point("intake.after-ack")
        intake.numbers.accepted(request_id, digest)
    except (KafkaUnavailable, RecordRefused) as error:
        # A topic that takes less than a form may hold is for an operator to mend: the spool sets the record aside, which is an alarm.
        if submission.service.hidden:
            raise Unavailable(retry_after=RETRY_AFTER_SECONDS) from None  # the spool is for requests only
        try:
            _refuse_other_body(await intake.spool.add(request_id, digest, message), digest)
        except SpoolAway:
            raise Unavailable(retry_after=RETRY_AFTER_SECONDS) from None
        facts = {"request_id": str(request_id), "service": submission.service.code, "traceparent": submission.traceparent}
        log.info("request_spooled", reason=type(error).__name__, **facts)
        return Accepted(request_id, spooled=True)
    log.debug("request_accepted", request_id=request_id, service=submission.service.code, traceparent=submission.traceparent)
    return Accepted(request_id, spooled=False)


def _refuse_other_body(first: bytes, digest: bytes) -> None:
    if first != digest:
        raise Conflict


def _sealed_record(intake: Intake, submission: Submission, request_id: UUID, digest: bytes) -> Message:
    service, form, now = submission.service, submission.form, datetime.now(UTC)
    content = to_json({"person": form.person(), "answers": form.answers(service)})
    contact = to_json({"email": form.email, "first_name": form.first_name})
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
        sealed_form=intake.tracker_sealer.seal(content, purpose="form", request_id=request_id),
        sealed_contact=intake.notifier_sealer.seal(contact, purpose="contact", request_id=request_id),
    )
    message = encode(Envelope(event, SOURCE, str(request_id), now, submission.traceparent))
    message.headers.append((DIGEST_HEADER, digest.hex().encode()))
    if service.code == canary.SERVICE:
        message.headers.append((canary.HEADER, b"1"))
    return message
