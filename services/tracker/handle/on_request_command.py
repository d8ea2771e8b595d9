"""A back office asks over Kafka for what the API does too; a refusal is an answer, not a failure."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timezone

from pydantic import BaseModel, ValidationError
from pydantic_core import to_json
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col
from uuid_utils.compat import uuid7

from services.tracker.domain import ACTIONS, Action, By
from services.tracker.handle.handle_request import handle_request
from services.tracker.handle.publish_history import NOTIFY_PUBLISHER
from services.tracker.models import HistoryEntry, ProcessedCommand
from services.tracker.personal_data.keyring import Keyring
from shared.events.envelope import Envelope
from shared.events.event import Event
from shared.events.rejected import Rejected
from shared.events.request_commands import CommandWithText, RequestCommand
from shared.events.request_lifecycle import RequestCommandRefused
from shared.kafka.batches import Record
from shared.kafka.consume import ReadRecord, read_event
from shared.process.logs import get_log
from shared.text.kept_text import can_be_kept
from shared.web.problems import Problem

log = get_log(__name__)

MAX_ID_LENGTH = 300


class CommandText(BaseModel):
    """What a command's `sealed_text` holds."""

    text: str


def command_reader(principals: Mapping[str, str]) -> ReadRecord:
    """Return what reads commands with who sent them: by `principals`, the topic's owner."""

    def read(record: Record) -> Envelope[Event]:
        return replace(read_event(record), principal=principals[record.topic])

    return read


async def on_request_command(
    session: AsyncSession, envelopes: Sequence[Envelope[Event]], *, keyring: Keyring
) -> None:
    """Carry out each command once; what cannot be done now is answered with `request.command_refused.v1`.

    Raises `Rejected` where a command's text cannot be opened or its context cannot be kept.
    """
    for envelope in envelopes:
        command = envelope.event
        if not isinstance(command, RequestCommand) or not await _is_first(session, envelope):
            continue
        text = _open_text(command, keyring)
        try:
            by = By("client", envelope.principal, on_behalf_of=command.actor)
            await handle_request(
                session,
                command.request_id,
                action_of(type(command)),
                by,
                text=text,
                keyring=keyring,
                traceparent=envelope.traceparent,
            )
        except Problem as problem:
            session.add(_refusal(envelope, command, problem))
            await session.flush()
            await session.execute(NOTIFY_PUBLISHER)
            log.info("command_refused", request_id=str(command.request_id), reason=problem.slug)


def action_of(command: type[RequestCommand]) -> Action:
    """Return what a command asks for: `request.<action>.v1` is named after it."""
    (action,) = (action for action in ACTIONS if command.type == f"request.{action}.v1")
    return action


async def _is_first(session: AsyncSession, envelope: Envelope[Event]) -> bool:
    if (
        not can_be_kept(envelope.id + envelope.source)
        or max(len(envelope.id), len(envelope.source)) > MAX_ID_LENGTH
    ):
        raise Rejected("no-event", "ce_id or ce_source is too long or cannot be kept")
    entered = await session.execute(
        insert(ProcessedCommand)
        .values(source=envelope.source, command_id=envelope.id, processed_at=datetime.now(timezone.utc))
        .on_conflict_do_nothing()
        .returning(col(ProcessedCommand.command_id))
    )
    return entered.first() is not None


def _open_text(command: RequestCommand, keyring: Keyring) -> str | None:
    if not can_be_kept(command.actor):
        raise Rejected("bad-data", f"{command.type}: actor")
    if not isinstance(command, CommandWithText):
        return None
    plaintext = keyring.opener.open(command.sealed_text, purpose="command", request_id=command.request_id)
    try:
        return CommandText.model_validate_json(plaintext).text
    except ValidationError:
        raise Rejected("bad-command-text", command.type) from None


def _refusal(envelope: Envelope[Event], command: RequestCommand, problem: Problem) -> HistoryEntry:
    now = datetime.now(timezone.utc)
    facts = {
        "command_id": envelope.id,
        "command_type": command.type,
        "reason": problem.slug,
        "detail": str(problem),
    }
    refused = RequestCommandRefused(request_id=command.request_id, occurred_at=now, **facts)
    return HistoryEntry(
        request_id=command.request_id,
        event_id=uuid7(),
        type=refused.type,
        occurred_at=now,
        actor_kind="client",
        actor=envelope.principal,
        details=facts | {"on_behalf_of": command.actor},
        traceparent=envelope.traceparent,
        value=to_json(refused),
    )
