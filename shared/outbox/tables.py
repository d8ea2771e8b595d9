"""The tables of leases and lanes that an outbox needs."""

from sqlalchemy import BigInteger, Column, DateTime, Integer, MetaData, Table, Text

LANES = 16
"""Fixed in the database, because every process must assign an entry to the same lane."""

# Migrations run these texts: change the tables by another migration.
CREATE_LEASES = """
create table leases (
    owner bigint primary key, kind text not null, backend_pid integer not null,
    backend_start timestamptz not null,
    renewed_at timestamptz not null, expires_at timestamptz not null, claimed_to bigint
)"""
CREATE_LANES = (
    "create table outbox_lanes (outbox text, lane integer, owner bigint, sent_to bigint, primary "
    "key (outbox, lane))"
)
INSERT_LANES = f"insert into outbox_lanes (outbox, lane) select '{{outbox}}', generate_series(0, {LANES - 1})"
DROP = ("drop table outbox_lanes", "drop table leases")


def create(outbox: str) -> tuple[str, ...]:
    """Return the statements that create a service's tables of leases and lanes."""
    return CREATE_LEASES, CREATE_LANES, INSERT_LANES.format(outbox=outbox)


def describe(metadata: MetaData) -> None:
    """Add both tables to a service's metadata.

    Entries up to `claimed_to` may be in Kafka without a mark; a lane's `sent_to` is the `claimed_to` of its
    previous owner.
    """
    Table(
        "leases",
        metadata,
        Column("owner", BigInteger, primary_key=True, autoincrement=False),
        Column("kind", Text, nullable=False),
        Column("backend_pid", Integer, nullable=False),
        Column("backend_start", DateTime(timezone=True), nullable=False),
        Column("renewed_at", DateTime(timezone=True), nullable=False),
        Column("expires_at", DateTime(timezone=True), nullable=False),
        Column("claimed_to", BigInteger),
    )
    Table(
        "outbox_lanes",
        metadata,
        Column("outbox", Text, primary_key=True),
        Column("lane", Integer, primary_key=True, autoincrement=False),
        Column("owner", BigInteger),
        Column("sent_to", BigInteger),
    )
