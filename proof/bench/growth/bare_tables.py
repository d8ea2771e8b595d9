"""A table without its indexes while it is filled: sorting once is many times quicker than finding a place for each row."""

import asyncpg

CONSTRAINTS = """
    select conname as name, pg_get_constraintdef(oid) as definition from pg_constraint
    where conrelid = $1::regclass and contype in ('p', 'u') order by contype
"""
INDEXES = """
    select indexname as name, indexdef as definition from pg_indexes
    where schemaname = 'public' and tablename = $1 and indexname not in (select conname from pg_constraint where conrelid = $2::regclass)
"""


async def drop_indexes(connection: asyncpg.Connection, table: str) -> list[str]:
    """Drop every index of a table, those of its constraints too; gives the statements that make them again."""
    constraints = await connection.fetch(CONSTRAINTS, table)
    indexes = await connection.fetch(INDEXES, table, table)
    for index in indexes:
        await connection.execute(f'drop index "{index["name"]}"')
    for constraint in constraints:
        await connection.execute(f'alter table "{table}" drop constraint "{constraint["name"]}"')
    return [f'alter table "{table}" add constraint "{each["name"]}" {each["definition"]}' for each in constraints] + [
        each["definition"] for each in indexes
    ]
