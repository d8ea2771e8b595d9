"""Each kind of reply at each step, over a socket.

Every mail ends, none is lost, and no connection in an unknown state is used again.

`FUZZ_SECONDS=600 FUZZ_SEED=7 ./test tests/fuzz` tries more by chance; the seed is shown where it fails.
"""

import asyncio
import os
import random
import secrets
import time
from collections.abc import Sequence

import pytest

from services.notifier.delivery import Reply
from services.notifier.mail import smtp_limits
from services.notifier.mail.send.open_session import MailServer, ServerAway
from services.notifier.mail.send.send_mail import MailConnection
from services.notifier.mail.smtp_limits import limits
from shared.text.mail_address import MailboxAddress
from tests.fuzz.odd_replies import KINDS
from tests.service.notifier.scripted_server import NO_PIPELINING, Odd, ScriptedServer

STEPS = ("greeting", "ehlo", "helo", "auth", "mail", "rcpt", "data", "end", "rset", "quit")
SENDER = "asiointi@kunta.example"
MESSAGE = b"Subject: x\r\n\r\n.dot\r\n"
MAILS = ("anna@kansalainen.example", "bertta@kansalainen.example", "cecilia@kansalainen.example")
# After the final dot a machine that is busy must not look like a server that is silent.
MAX_WAIT, PATIENT_WAIT, MAX_TRIES = 0.3, 3.0, 8
LIMITS = limits(PATIENT_WAIT, {step: MAX_WAIT for step in smtp_limits.LIMITS if step != "end"})
BATCH_SIZE = 24
FINAL = {"2xx", "5xx"}


class Plan:
    """Which odd replies come when: the nth saying of a step is odd, once."""

    def __init__(self, odd: dict[tuple[str, int], str]) -> None:
        self.odd = odd
        self.used: list[str] = []
        self._said: dict[str, int] = {}

    def __call__(self, step: str, _connection: int) -> Odd | None:
        """Say what is said instead of the usual reply."""
        self._said[step] = self._said.get(step, 0) + 1
        kind = self.odd.get((step, self._said[step]))
        if kind is None:
            return None
        self.used.append(step)
        return KINDS[kind]


async def _send_until_final(connection: MailConnection, to: str) -> Reply:
    """Try as the queue does, and give the last reply."""
    for _ in range(MAX_TRIES):
        try:
            reply = await connection.send(MailboxAddress(to, needs_utf8=False), MESSAGE, SENDER)
        except ServerAway:
            continue
        if reply.kind in FINAL:
            return reply
    raise AssertionError(f"the mail to {to} ended in no way")


async def _check(plan: Plan, *, pipelining: bool = True) -> None:
    server = ScriptedServer(plan)
    server.usual["ehlo"] = server.usual["ehlo"] if pipelining else NO_PIPELINING
    if any(step == "helo" for step, _ in plan.odd):
        server.usual["ehlo"] = b"502 5.5.1 no\r\n"
    login = "u" if server.usual["ehlo"][:3] == b"250" else None
    async with server:
        connection = MailConnection(
            MailServer("127.0.0.1", server.port, username=login, password="p", limits=LIMITS)
        )
        async with asyncio.timeout(MAX_TRIES * PATIENT_WAIT + 10):
            for to in MAILS:
                reply = await _send_until_final(connection, to)
                _expect(server, plan, to.encode(), reply)
            await connection.close()
    assert not server.faults


def _expect(server: ScriptedServer, plan: Plan, to: bytes, reply: Reply) -> None:
    odd_ends = plan.used.count("end")
    if reply.kind == "2xx":
        # A copy more is owed to an answer after the dot that could not be understood, or that promised to
        # take the mail later.
        assert 1 <= server.taken[to] <= 1 + odd_ends
        assert server.heard[to] <= 1
    else:
        assert server.heard[to] == 0
        assert reply.concern in {"recipient", "message"}


def _name(plan: Plan) -> str:
    return ", ".join(f"{step} {number}: {kind}" for (step, number), kind in plan.odd.items())


async def _check_all(plans: Sequence[tuple[Plan, bool]]) -> None:
    """Check many at once: most of the time is waiting."""
    slots, failures = asyncio.Semaphore(BATCH_SIZE), []

    async def one(plan: Plan, pipelining: bool) -> None:
        async with slots:
            try:
                await _check(plan, pipelining=pipelining)
            except Exception as error:  # noqa: BLE001  every failure is wanted, with its plan
                failures.append(f"[{_name(plan)}; pipelining {pipelining}] {type(error).__name__}: {error}")

    await asyncio.gather(*(one(plan, pipelining) for plan, pipelining in plans))
    assert not failures, "\n".join(failures)


@pytest.mark.parametrize("step", STEPS)
async def test_whatever_a_server_says_once_every_mail_ends_and_the_next_one_goes(step: str) -> None:
    first_and_second = [(kind, number) for kind in KINDS for number in (1, 2)]
    await _check_all(
        [
            (Plan({(step, number): kind}), pipelining)
            for kind, number in first_and_second
            for pipelining in (True, False)
        ]
    )


@pytest.mark.parametrize("kind", ["usual", *KINDS])
async def test_whatever_a_server_says_to_starttls_nothing_goes_in_clear_where_encryption_is_asked_for(
    kind: str,
) -> None:
    async with ScriptedServer(Plan({("starttls", 1): kind} if kind in KINDS else {})) as server:
        connection = MailConnection(MailServer("127.0.0.1", server.port, "starttls", "u", "p", limits=LIMITS))
        async with asyncio.timeout(10):
            for to in MAILS:
                with pytest.raises(ServerAway):
                    await connection.send(MailboxAddress(to, needs_utf8=False), MESSAGE, SENDER)
            await connection.close()
    assert not any(command[:4] in {b"AUTH", b"MAIL", b"RCPT", b"DATA"} for command in server.commands)


async def test_whatever_a_server_says_in_one_conversation_after_the_other() -> None:
    seed = int(os.environ.get("FUZZ_SEED") or secrets.randbits(32))
    until = time.monotonic() + float(os.environ.get("FUZZ_SECONDS") or 3)
    print(f"FUZZ_SEED={seed}")  # noqa: T201  pytest shows it where the test fails
    chance = random.Random(seed)
    while time.monotonic() < until:
        plans = []
        for _ in range(BATCH_SIZE * 2):
            odd = {
                (chance.choice(STEPS), chance.randint(1, 3)): chance.choice(list(KINDS))
                for _ in range(chance.randint(1, 4))
            }
            plans.append((Plan(odd), chance.random() < 0.5))
        await _check_all(plans)
