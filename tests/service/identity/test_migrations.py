"""The migrations make what the models say, and keep what was there."""

from services.identity.models import (
    Assertion,
    Attempt,
    BankVisit,
    Grant,
    Handshake,
    Identification,
    Staff,
    Throttle,
    metadata,
)
from tests.conftest import FreshDatabase
from tests.service.compare_tables import differences
from tests.service.identity.conftest import MIGRATIONS
from tests.service.migrate_to import changed_by_upgrade

FIRST_ROWS = """
insert into attempts values
  (gen_random_uuid(), 'browser', 'intake', 'https://intake.example/back', 'openid', 'state', 'nonce',
  'challenge', 'sv', now(), now());
insert into handshakes select '20261127063000123456', id, 'op', now() from attempts;
insert into identifications values ('op', '0000000001', now());
insert into grants values
  (gen_random_uuid(), 'code', 'intake', 'https://intake.example/back', 'challenge', 'nonce', 'openid',
  'claims', now(), now(), now(), now());
insert into assertions values ('system', 'jti', now());
insert into staff values (gen_random_uuid(), 'olli', '$argon2id$', 'Olli Operaattori', array['operator',
'auditor'], now());
insert into throttles values ('name', 3, now());
insert into bank_visits values ('visit', 'op', 'browser', array['701', '0002'], 'consent', '1234', 1, now());
"""


async def test_the_migrations_make_the_tables_of_the_models(
    migrated_database: FreshDatabase, fresh_database: FreshDatabase
) -> None:
    assert (
        await differences(metadata, await migrated_database("identity"), await fresh_database("identity"))
        == []
    )


async def test_what_the_first_version_wrote_is_read_after_the_upgrade(fresh_database: FreshDatabase) -> None:
    models = (Assertion, Attempt, BankVisit, Grant, Handshake, Identification, Staff, Throttle)
    assert await changed_by_upgrade(MIGRATIONS, await fresh_database("identity"), FIRST_ROWS, models) == []
