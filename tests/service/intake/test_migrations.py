"""The migrations make what the models say, and keep what was there."""

from services.intake.models import SpooledRecord, metadata
from tests.conftest import FreshDatabase
from tests.service.compare_tables import differences
from tests.service.intake.running_intake import MIGRATIONS
from tests.service.migrate_to import changed_by_upgrade

FIRST_ROWS = """
insert into spool (request_id, body_digest, value, headers) values (gen_random_uuid(), 'digest', 'record',
'[["ce_type", "request.submitted.v1"]]');
"""


async def test_the_migrations_make_the_tables_of_the_models(
    migrated_database: FreshDatabase, fresh_database: FreshDatabase
) -> None:
    assert (
        await differences(metadata, await migrated_database("intake"), await fresh_database("intake")) == []
    )


async def test_what_the_first_version_wrote_is_read_after_the_upgrade(fresh_database: FreshDatabase) -> None:
    models = (SpooledRecord,)
    assert await changed_by_upgrade(MIGRATIONS, await fresh_database("intake"), FIRST_ROWS, models) == []
