"""Requests, their history, mail outcomes, commands and dead letters."""

from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

# The outbox's bytes stay in their row: they leave it again within milliseconds, and moving them aside would
# cost as much as the row itself.
IN_THE_ROW = "with (toast_tuple_target = 8160)"

DDL = f"""
create sequence work_number_sequence minvalue 0 start 0 maxvalue 99999999;

create table requests (
    request_id uuid primary key,
    work_number text not null unique,
    service text not null,
    service_title text not null,
    service_title_fi text not null,
    role text not null,
    language text not null,
    authentication text not null,
    channel text not null,
    queue text not null,
    state text not null,
    assignee text,
    submitted_at timestamptz not null,
    registered_at timestamptz not null,
    due_at timestamptz not null,
    changed_at timestamptz not null,
    resolved_at timestamptz,
    closed_at timestamptz,
    retention_days integer not null,
    body_digest text not null,
    sealed_contact text not null,
    first_name text not null,
    last_name text not null,
    phone text not null,
    email text not null,
    business_id text,
    name_key text not null,
    email_index bytea not null,
    personal_code bytea,
    personal_code_index bytea,
    answers jsonb not null
) {IN_THE_ROW};
create index requests_submitted_at_request_id_idx on requests (submitted_at, request_id);
create index requests_state_queue_submitted_at_request_id_idx
    on requests (state, queue, submitted_at, request_id);
create index requests_due_at_request_id_idx on requests (due_at, request_id)
    where state in ('received', 'in_progress', 'waiting_for_customer');
create index requests_closed_at_idx on requests (closed_at) where state = 'closed';
create index requests_email_index_idx on requests (email_index);
create index requests_personal_code_index_idx on requests (personal_code_index)
    where personal_code_index is not null;
create index requests_name_key_idx on requests (name_key text_pattern_ops);

create table history (
    request_id uuid not null,
    id bigint generated always as identity,
    event_id uuid not null,
    type text not null,
    occurred_at timestamptz not null,
    actor_kind text not null,
    actor text,
    action text,
    state text,
    text text,
    details jsonb,
    traceparent text,
    value bytea,
    published_at timestamptz,
    primary key (request_id, id)
) {IN_THE_ROW};
create unique index history_unpublished on history (id) where value is not null;

create table mail_outcomes (
    request_id uuid not null,
    event_id text not null,
    type text not null,
    occurred_at timestamptz not null,
    cause_id text not null,
    template text not null,
    message_id text not null,
    attempt integer not null,
    reply text,
    retry_at timestamptz,
    primary key (request_id, event_id)
);
create index mail_outcomes_failed on mail_outcomes (occurred_at) where type = 'mail.failed.v1';

create table processed_commands (
    source text not null,
    command_id text not null,
    processed_at timestamptz not null,
    primary key (source, command_id)
);
create index processed_commands_processed_at_idx on processed_commands (processed_at);

create table dead_letters (
    id bigint generated always as identity primary key,
    origin_topic text not null,
    origin_partition integer not null,
    origin_offset bigint not null,
    origin_group text not null,
    digest bytea not null,
    reason text not null,
    detail text not null,
    buried_at timestamptz not null,
    key bytea,
    value bytea,
    headers jsonb not null,
    redriven_at timestamptz,
    redriven_by text
);
create unique index dead_letters_origin
    on dead_letters (origin_topic, origin_partition, origin_offset, origin_group, digest);
create index dead_letters_waiting on dead_letters (id) where redriven_at is null;
"""


def upgrade() -> None:
    for statement in DDL.strip().removesuffix(";").split(";\n"):
        op.execute(statement)


def downgrade() -> None:
    for table in ("dead_letters", "processed_commands", "mail_outcomes", "history", "requests"):
        op.drop_table(table)
    op.execute("drop sequence work_number_sequence")
