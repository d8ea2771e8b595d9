"""The whole queue of mails before a mail server that says anything at any step.

Every mail is sent once, or has failed for a reason.
"""

import os
import random
import secrets
import time

from services.notifier.mail.smtp_limits import LIMITS
from shared.database.engine import Sessions
from tests.eventually import eventually
from tests.fuzz.odd_replies import KINDS
from tests.service.notifier.builders import (
    Citizen,
    fetch_rows,
    handle_batch,
    make_settings,
    running_dispatcher,
)
from tests.service.notifier.conftest import notifier_database, sessions  # noqa: F401  fixtures
from tests.service.notifier.scripted_server import Odd, ScriptedServer

MAILS, ODD_SECONDS, LATER = 200, 4.0, 60.0
# After the final dot a machine that is busy must not look like a server that is silent.
QUICK = dict.fromkeys((step for step in LIMITS if step != "end"), 0.3)
SOMETIMES, IN_A_BAD_SPELL = 0.1, 0.9
UNFINISHED = (
    "select state, last_reply, count(*) from deliveries where state not in ('sent', 'failed') group by 1, 2"
)


class Moody:
    """Says odd things now and then, for a while nearly always, and nothing odd after `until`."""

    def __init__(self, seed: int, until: float) -> None:
        self._chance = random.Random(seed)
        self._began, self._until = time.monotonic(), until
        self.odd_ends = 0

    def __call__(self, step: str, _connection: int) -> Odd | None:
        """Say what is said instead of the usual reply."""
        now = time.monotonic()
        bad = (now - self._began) % 2.0 > 1.5
        if now > self._until or self._chance.random() > (IN_A_BAD_SPELL if bad else SOMETIMES):
            return None
        self.odd_ends += step == "end"
        return KINDS[self._chance.choice(list(KINDS))]


async def test_every_mail_ends_whatever_the_server_says_meanwhile(
    sessions: Sessions,  # noqa: F811  the fixture
    notifier_database: str,  # noqa: F811  the fixture
) -> None:
    seed = int(os.environ.get("FUZZ_SEED") or secrets.randbits(32))
    print(f"FUZZ_SEED={seed}")  # noqa: T201  pytest shows it where the test fails
    seconds = max(ODD_SECONDS, float(os.environ.get("FUZZ_SECONDS") or 0))
    moody = Moody(seed, time.monotonic() + seconds)
    citizens = [Citizen() for _ in range(MAILS)]
    async with ScriptedServer(moody) as server:
        settings = make_settings(
            notifier_database,
            server.port,
            smtp_timeout=3.0,
            smtp_limits=QUICK,
            retry_first_seconds=0.1,
            smtp_connections=4,
        )
        async with running_dispatcher(settings, sessions) as dispatcher:
            await handle_batch(sessions, [citizen.registered() for citizen in citizens])
            dispatcher.wake()

            async def all_ended() -> None:
                assert [tuple(row) for row in await fetch_rows(sessions, UNFINISHED)] == []

            await eventually(all_ended, seconds + LATER)
    ended = await fetch_rows(sessions, "select state, last_reply, request_id from deliveries")
    addresses = {citizen.request_id: citizen.email.encode() for citizen in citizens}
    for row in ended:
        taken, heard = server.taken[addresses[row.request_id]], server.heard[addresses[row.request_id]]
        assert (row.state, heard) in {("sent", 1), ("sent", 0), ("failed", 0)}, (
            row.state,
            row.last_reply,
            taken,
        )
        assert taken >= 1 or row.state == "failed"
        assert row.state == "sent" or row.last_reply[:1] == "5"
    assert sum(server.taken.values()) <= MAILS + moody.odd_ends
    assert not server.faults
