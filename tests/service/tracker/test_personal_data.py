"""The henkilötunnus stands in clear in no table and no log line; what is needed of it can still be found and read."""

from pathlib import Path
from uuid import UUID

import asyncpg
import pytest

from services.tracker.at_rest import AtRest, name_key
from services.tracker.keyring import Keyring
from shared.crypto.box import CannotDecrypt
from shared.database import Sessions
from tests.service.tracker.desk import Desk
from tests.service.tracker.office import HETU, submission
from tests.service.tracker.rows import register

BODIES = ("131052-308T", "131052", "308T", "MTMxMDUyLTMwOFQ", HETU.encode().hex())


async def dump(dsn: str, folder: Path) -> str:
    """Copy every table out as text, as a dump of the database would have it."""
    connection = await asyncpg.connect(dsn)
    tables = [row["table_name"] for row in await connection.fetch("select table_name from information_schema.tables where table_schema = 'public'")]
    for table in tables:
        await connection.copy_from_table(table, output=folder / table)
    await connection.close()
    assert {"requests", "history"} <= set(tables)
    return "".join((folder / table).read_text() for table in tables)


async def test_no_table_holds_a_personal_code_in_clear(
    desk: Desk, sessions: Sessions, keyring: Keyring, tracker_database: str, tmp_path: Path
) -> None:
    sent = submission()
    await register(sessions, keyring, sent, submission(sent.event.request_id, digest="other"))
    await desk.post(f"/api/v1/requests/{sent.event.request_id}/take")
    await desk.post(f"/api/v1/requests/{sent.event.request_id}/resolve", {"text": "Valmis"})
    assert HETU in (await desk.get(f"/api/v1/requests/{sent.event.request_id}")).text
    text = await dump(tracker_database, tmp_path)
    assert "Meikäläinen" in text, "names are in clear, for the handlers"
    for body in BODIES:
        assert body not in text


def test_what_is_encrypted_opens_for_its_request_only() -> None:
    at_rest, request_id = AtRest([b"d" * 32], b"i" * 32), UUID(int=1)
    stored = at_rest.encrypt(HETU, request_id)
    assert at_rest.decrypt(stored, request_id) == HETU
    assert stored != at_rest.encrypt(HETU, request_id)
    for other, box in ((at_rest, stored[:-1] + bytes([stored[-1] ^ 1])), (AtRest([b"x" * 32], b"i" * 32), stored), (at_rest, b"")):
        with pytest.raises(CannotDecrypt):
            other.decrypt(box, request_id)
    with pytest.raises(CannotDecrypt):
        at_rest.decrypt(stored, UUID(int=2))


def test_a_blind_index_is_the_same_however_it_is_typed() -> None:
    at_rest = AtRest([b"d" * 32], b"i" * 32)
    assert at_rest.index_email(" A.B@Example.FI ") == at_rest.index_email("a.b@example.fi")
    assert at_rest.index_personal_code("131052-308t") == at_rest.index_personal_code(HETU)
    assert at_rest.index_email(HETU) != at_rest.index_personal_code(HETU)
    assert at_rest.index_email("a@b.fi") != AtRest([b"d" * 32], b"j" * 32).index_email("a@b.fi")
    assert name_key(" Ämmälä ", "Anna  Liisa") == "ämmälä anna liisa"
