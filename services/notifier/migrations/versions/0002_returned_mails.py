"""Bounced mails: which sending, what was reported, and the contents that a second sending needs."""

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

DDL = """
alter table deliveries
    add column sending bigint not null default 1,
    add column returned_at timestamptz,
    add column return_status text;

alter table outcomes
    add column sending bigint not null default 1,
    add column bounce text,
    add column status text,
    add column diagnostic text;

create table sent_contents (
    delivery_id bigint primary key,
    contents bytea not null,
    sent_at timestamptz not null default now()
);
alter table sent_contents alter column contents set storage external;
create index sent_contents_sent_at on sent_contents (sent_at);

create table reports (
    digest bytea primary key,
    received_at timestamptz not null default now(),
    verdict text not null,
    status text,
    delivery_id bigint,
    sending bigint,
    mail bytea
);
create index reports_delivery on reports (delivery_id, sending) where delivery_id is not null;
create index reports_unclear on reports (received_at) where mail is not null or delivery_id is null;

create table mailbox_positions (
    mailbox text primary key,
    uid_validity bigint not null,
    last_uid bigint not null
)
"""


def upgrade() -> None:
    for statement in DDL.split(";"):
        op.execute(statement)


def downgrade() -> None:
    op.drop_table("mailbox_positions")
    op.drop_table("reports")
    op.drop_table("sent_contents")
    op.execute(
        "alter table outcomes drop column sending, drop column bounce, drop column status, drop column diagnostic"
    )
    op.execute(
        "alter table deliveries drop column sending, drop column returned_at, drop column return_status"
    )
