"""Tables that the ledger is read from: owed mails, counts, alarms; and settled dead letters."""

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

DDL = """
create table owed_mails (
    event_id text primary key,
    request_id uuid not null,
    template text not null,
    since timestamptz not null,
    failed_at timestamptz
) with (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000);
create index owed_mails_waiting on owed_mails (since) where failed_at is null;
create index owed_mails_failed on owed_mails (failed_at) where failed_at is not null;

create table ledger_counts (
    id bigint generated always as identity primary key,
    name text not null,
    n bigint not null
) with (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000);

create table alarms (
    id bigint generated always as identity primary key,
    reason text not null,
    place text not null,
    most bigint not null,
    began_at timestamptz not null,
    ended_at timestamptz,
    told_at timestamptz,
    end_told_at timestamptz
);
create index alarms_untold on alarms (id) where told_at is null
    or (ended_at is not null and end_told_at is null);
create unique index alarms_open on alarms (reason, place) where ended_at is null;
create index alarms_began_at_idx on alarms (began_at);

alter table dead_letters add column dismissed_at timestamptz, add column dismissed_by text;
drop index dead_letters_waiting;
create index dead_letters_waiting on dead_letters (id) where redriven_at is null and dismissed_at is null
"""

# What stood here before the ledger was kept, counted once.
FILL = """
insert into owed_mails (event_id, request_id, template, since, failed_at)
select entry.event_id::text, entry.request_id, owed.template, entry.occurred_at,
    (select max(failed.occurred_at) from mail_outcomes failed
        where failed.request_id = entry.request_id and failed.cause_id = entry.event_id::text
            and failed.type = 'mail.failed.v1')
from history entry
join (values ('register', 'receipt'), ('ask_customer', 'question'), ('resolve', 'resolution'),
    ('reject', 'rejection')) as owed (action, template)
    using (action)
where not exists (
    select from mail_outcomes sent
    where sent.request_id = entry.request_id and sent.cause_id = entry.event_id::text
        and sent.type = 'mail.sent.v1'
);
insert into ledger_counts (name, n) select 'numbered', count(*) from requests;
insert into ledger_counts (name, n) select 'resolved', count(distinct request_id) from history
    where action = 'resolve';
insert into ledger_counts (name, n)
select 'receipted', (select count(*) from requests) - (select count(*) from owed_mails
    where template = 'receipt')
"""


def upgrade() -> None:
    for statement in f"{DDL};{FILL}".split(";"):
        op.execute(statement)


def downgrade() -> None:
    op.execute("drop index dead_letters_waiting")
    op.execute("alter table dead_letters drop column dismissed_at, drop column dismissed_by")
    op.execute("create index dead_letters_waiting on dead_letters (id) where redriven_at is null")
    for table in ("alarms", "ledger_counts", "owed_mails"):
        op.drop_table(table)
