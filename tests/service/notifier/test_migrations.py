"""The migrations make what the models say, and keep what was there."""

from services.notifier.models import Delivery, Outcome, metadata
from tests.conftest import FreshDatabase
from tests.service.compare_tables import differences
from tests.service.migrate_to import changed_by_upgrade
from tests.service.notifier.builders import MIGRATIONS

FIRST_ROWS = """
insert into deliveries (
    event_id, request_id, template, language, work_number, service_title, submitted_at, due_at, occurred_at,
    message_id, traceparent, contents,
    state, attempts, next_attempt_at, owner, last_reply, finished_at
) values (
    'event', gen_random_uuid(), 'receipt', 'fi', '482913057', 'Tilaa palkkatodistus', now(), now(), now(),
    '<m@kunta.example>', 'trace', 'contents',
    'failed', 2, null, 815, '550 5.1.1', now()
);
insert into outcomes (request_id, event_id, template, message_id, traceparent, state, attempt, reply,
retry_at)
values (gen_random_uuid(), 'event', 'receipt', '<m@kunta.example>', 'trace', 'failed', 2, '550 5.1.1', now());
"""


async def test_the_migrations_make_the_tables_of_the_models(
    migrated_database: FreshDatabase, fresh_database: FreshDatabase
) -> None:
    assert (
        await differences(metadata, await migrated_database("notifier"), await fresh_database("notifier"))
        == []
    )


async def test_what_the_first_version_wrote_is_read_after_the_upgrade(fresh_database: FreshDatabase) -> None:
    models = (Delivery, Outcome)
    assert await changed_by_upgrade(MIGRATIONS, await fresh_database("notifier"), FIRST_ROWS, models) == []
