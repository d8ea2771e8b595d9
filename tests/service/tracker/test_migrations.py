"""The migrations make what the models say, and keep what was there, and may run again."""

import asyncio

from services.tracker.models import (
    DeadLetter,
    HistoryEntry,
    MailOutcomeEntry,
    ProcessedCommand,
    TrackedRequest,
    metadata,
)
from shared.database.engine import migrate
from tests.conftest import FreshDatabase
from tests.service.compare_tables import differences
from tests.service.migrate_to import changed_by_upgrade
from tests.service.tracker.builders import MIGRATIONS

FIRST_ROWS = """
insert into requests values (
    gen_random_uuid(), '482913057', 'kysy-laskusta', 'Fråga om en faktura', 'Kysy laskusta', 'person', 'sv',
    'none', 'site', 'laskut', 'closed',
    'olli', now(), now(), now(), now(), now(), now(), 365, 'digest', 'sealed', 'Matti', 'Meikäläinen',
    '+358401234567', 'matti@example.fi',
    '1234567-1', 'meikäläinen matti', 'email', 'code', 'index',
    '[{"field": "invoice_number", "label": "Laskun numero", "value": "12345"}]'
);
insert into history (request_id, event_id, type, occurred_at, actor_kind, actor, action, state, text,
details, traceparent, value, published_at)
values (
    gen_random_uuid(), gen_random_uuid(), 'request.resolved.v1', now(), 'staff', 'olli', 'resolve',
    'resolved', 'Valmis.', '{"note": "a"}', 'trace',
    'value', now()
);
insert into mail_outcomes values (gen_random_uuid(), 'event', 'mail.failed.v1', now(), 'cause', 'receipt',
'<m@kunta.fi>', 2, '550 5.1.1', now());
insert into processed_commands values ('/system', 'command', now());
insert into dead_letters (
    origin_topic, origin_partition, origin_offset, origin_group, digest, reason, detail, buried_at, key,
    value, headers, redriven_at, redriven_by
) values ('requests.submitted', 1, 17, 'tracker', 'digest', 'unreadable', 'why', now(), 'key', 'value',
'[["ce_id", null]]', now(), 'olli');
"""


async def test_the_migrations_make_the_tables_of_the_models(
    migrated_database: FreshDatabase, fresh_database: FreshDatabase
) -> None:
    migrated = await migrated_database("tracker")
    await asyncio.to_thread(migrate, MIGRATIONS, migrated)
    assert await differences(metadata, migrated, await fresh_database("tracker")) == []


async def test_what_the_first_version_wrote_is_read_after_the_upgrade_but_for_accents_in_the_key_of_a_name(
    fresh_database: FreshDatabase,
) -> None:
    models = (DeadLetter, HistoryEntry, MailOutcomeEntry, ProcessedCommand, TrackedRequest)
    assert await changed_by_upgrade(MIGRATIONS, await fresh_database("tracker"), FIRST_ROWS, models) == [
        "TrackedRequest.name_key"
    ]
