"""Answers a repeated command as it was answered the first time (`Idempotency-Key`).

The header is that of draft-ietf-httpapi-idempotency-key-header.
"""

import hashlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta, timezone
from http import HTTPStatus
from typing import Annotated, TypeAlias

from fastapi import Header, Response
from pydantic import BaseModel
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from services.tracker.models import KeptAnswer
from shared.auth.authorize import Caller
from shared.web.problems import Problem, problem_response

KEPT = timedelta(days=7)
"""So long a key is known; a retry that comes later is a new command."""
KEPT_HEADERS = ("content-type", "location")
LOCK = text("select pg_advisory_xact_lock(hashtextextended(:name, 4711004))")
FORGET = text("delete from kept_answers where answered_at < :before")

IdempotencyKey: TypeAlias = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        min_length=1,
        max_length=200,
        pattern=r"^[\x20-\x7e]+$",
        description="A repeat with the same key and body within seven days is answered as the first time "
        "and changes nothing; with another body 422",
    ),
]


class KeyUsedOtherwise(Problem):
    """422: the caller has used this key for another command; the first one is kept."""

    status = HTTPStatus.UNPROCESSABLE_ENTITY
    slug = "idempotency-key-reused"
    title = "The Idempotency-Key was used for another command"


@dataclass(frozen=True, slots=True)
class Once:
    """One command of a caller; `command` is what it asks for, in full.

    Without a `key` every sending is a command of its own.
    """

    caller: str
    key: str | None
    command: tuple[str, ...]

    @property
    def digest(self) -> bytes:
        """Return a value that differs for two commands, even if their parts joined together are equal."""
        return hashlib.sha256(
            "".join(f"{len(part)}:{part}" for part in self.command).encode(errors="surrogatepass")
        ).digest()

    def of_its_own(self) -> "Once":
        """Return the same with a key that no other command can have.

        Another text in the same form is another command.
        """
        return replace(
            self, key=replace(self, command=(self.key, *self.command)).digest.hex() if self.key else None
        )


def command_of(caller: Caller, key: str | None, *command: str) -> Once:
    """Name a command of an API's caller."""
    return Once(f"{caller.client_id}\n{caller.subject}", key, command)


async def answer_command(
    session: AsyncSession,
    once: Once,
    act: Callable[[], Awaitable[BaseModel]],
    show: Callable[[bytes], Awaitable[BaseModel]] | None = None,
) -> Response:
    """Carry out an API's command once; a refusal is an answer too, and is kept with its key.

    Raises `KeyUsedOtherwise`.

    What `act` gives is kept for as long as the key, so it holds no personal data; `show` puts in what is
    there now, the first time and each repeat.
    """

    async def attempt() -> Response:
        if once.key is None:
            return _json(await act())
        try:
            async with session.begin_nested():
                return _json(await act())
        except Problem as problem:
            if problem.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
                raise
            return problem_response(problem)

    answer = await answer_once(session, once, attempt, keep_refusal=True)
    return (
        answer
        if show is None or answer.status_code >= HTTPStatus.BAD_REQUEST
        else _json(await show(bytes(answer.body)))
    )


async def answer_once(
    session: AsyncSession, once: Once, act: Callable[[], Awaitable[Response]], *, keep_refusal: bool = False
) -> Response:
    """Return the answer that was kept under the key.

    Otherwise act, and keep the answer in the same transaction.

    An answer of 400 and above is kept where the caller says so. Raises `KeyUsedOtherwise`.

    """
    if once.key is None:
        return await act()
    # Of two at the same time the second waits here until the first has its answer, or has failed.
    await session.execute(LOCK, {"name": f"{once.caller}\n{once.key}"})
    kept = await session.get(KeptAnswer, (once.caller, once.key))
    if kept is not None:
        if kept.digest != once.digest:
            raise KeyUsedOtherwise
        return Response(kept.body, kept.status, kept.headers)
    answer = await act()
    if answer.status_code < HTTPStatus.BAD_REQUEST or keep_refusal:
        headers = {name: answer.headers[name] for name in KEPT_HEADERS if name in answer.headers}
        kept = KeptAnswer(
            caller=once.caller, key=once.key, digest=once.digest, status=answer.status_code, headers=headers
        )
        kept.body, kept.answered_at = bytes(answer.body), datetime.now(timezone.utc)
        session.add(kept)
    return answer


async def forget_answers(session: AsyncSession) -> None:
    """Forget the keys that are older than `KEPT`."""
    await session.execute(FORGET, {"before": datetime.now(timezone.utc) - KEPT})


def _json(answer: BaseModel) -> Response:
    return Response(answer.model_dump_json(), media_type="application/json")
