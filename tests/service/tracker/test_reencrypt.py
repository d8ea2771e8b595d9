"""After a change of the data key all personal codes are encrypted anew, while tracker works."""

import asyncio
import base64
import os
from uuid import UUID

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from sqlalchemy import text

from services.tracker.personal_data.at_rest import AtRest
from services.tracker.personal_data.keyring import Keyring
from services.tracker.reencrypt import COLUMNS, run
from shared.crypto.reencrypt import ROWS_PER_BATCH, Done, reencrypt
from shared.database.engine import Sessions
from tests.service.tracker.builders import HETU, make_settings, submission
from tests.service.tracker.database import fetch_rows, register

OLD, NEW = b"d" * 32, b"n" * 32
BOTH = ",".join(base64.urlsafe_b64encode(key).decode() for key in (NEW, OLD))
SECONDS = 5


async def codes(sessions: Sessions, key: bytes) -> list[str]:
    at_rest = AtRest([key], b"i" * 32)
    found = await fetch_rows(
        sessions, "select request_id, personal_code from requests where personal_code is not null"
    )
    return [at_rest.decrypt(row.personal_code, row.request_id) for row in found]


async def write(sessions: Sessions, request_id: UUID, box: bytes) -> None:
    async with sessions.begin() as session:
        await session.execute(
            text("update requests set personal_code = :box where request_id = :id"),
            {"box": box, "id": request_id},
        )


def as_an_earlier_version_wrote_it(request_id: UUID) -> bytes:
    nonce = os.urandom(12)
    return b"\x01" + nonce + AESGCM(OLD).encrypt(nonce, HETU.encode(), request_id.bytes)


async def test_every_code_comes_under_the_new_key_however_many_there_are(
    sessions: Sessions, tracker_database: str, keyring: Keyring
) -> None:
    sent = [
        submission(person={} if n % 3 else {"personal_identity_code": None})
        for n in range(ROWS_PER_BATCH + 100)
    ]
    await register(sessions, keyring, *sent)
    first = sent[1].event.request_id
    await write(sessions, first, as_an_earlier_version_wrote_it(first))
    settings = make_settings(tracker_database, data_key=BOTH)
    expected = sum(1 for n in range(len(sent)) if n % 3)
    assert await run(settings) == Done(changed=expected + len(sent)), "the answers too"
    assert await codes(sessions, NEW) == [HETU] * expected
    assert await run(settings) == Done()


async def test_a_row_that_somebody_works_with_is_neither_waited_for_nor_lost(
    sessions: Sessions, keyring: Keyring
) -> None:
    held, other = submission(), submission()
    await register(sessions, keyring, held, other)
    box = AtRest([NEW, OLD], b"i" * 32).box
    async with sessions.begin() as busy:
        await busy.execute(
            text("select from requests where request_id = :id for update"), {"id": held.event.request_id}
        )
        async with asyncio.timeout(SECONDS):
            assert await reencrypt(sessions, box, COLUMNS) == Done(changed=2, left=2)
    assert await reencrypt(sessions, box, COLUMNS) == Done(changed=2)
    assert await codes(sessions, NEW) == [HETU, HETU]


async def test_what_no_key_opens_is_told_and_left_as_it_is(sessions: Sessions, keyring: Keyring) -> None:
    one, other = submission(), submission()
    await register(sessions, keyring, one, other)
    await write(sessions, one.event.request_id, b"broken")
    assert await reencrypt(sessions, AtRest([NEW, OLD], b"i" * 32).box, COLUMNS) == Done(
        changed=3, unreadable=1
    )
    assert len(await fetch_rows(sessions, "select 1 from requests where personal_code = 'broken'")) == 1
