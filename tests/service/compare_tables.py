"""Compares the tables that a service's migrations make with those that its models describe."""

from collections.abc import Sequence
from typing import Any

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, MetaData, text

from shared.database.engine import create_engine

# What Alembic does not compare: the condition and the order of an index, check constraints, identity, a
# sequence's bounds, `unlogged`.
IN_THE_CATALOGUE = (
    "select indexdef from pg_indexes where schemaname = 'public' and tablename <> 'alembic_version'",
    """select conrelid::regclass || ' ' || conname || ' ' || pg_get_constraintdef(oid) from pg_constraint
    where connamespace = 'public'::regnamespace and conrelid::regclass::text <> 'alembic_version'""",
    r"""select concat_ws(' ', table_name, column_name, data_type, udt_name, is_nullable, identity_generation,
        regexp_replace(column_default, '^''(\d+)''::bigint$', '\1'), col_description(table_name::regclass,
        ordinal_position::int))
    from information_schema.columns where table_schema = 'public' and table_name <> 'alembic_version'""",
    """select concat_ws(' ', sequencename, data_type, start_value, min_value, max_value, increment_by)
    from pg_sequences where schemaname = 'public'""",
    """select concat_ws(' ', relname, relpersistence) from pg_class
    where relnamespace = 'public'::regnamespace and relkind = 'r' and relname <> 'alembic_version'""",
)


async def differences(metadata: MetaData, migrated: str, empty: str) -> Sequence[Any]:
    """Return what differs between a migrated database and the models, which are made in an empty one."""
    by_alembic, made_by_migrations = await _look(metadata, migrated)
    _, made_by_models = await _look(metadata, empty, make=True)
    return [*by_alembic, *sorted(made_by_migrations ^ made_by_models)]


async def _look(metadata: MetaData, dsn: str, *, make: bool = False) -> tuple[Sequence[Any], set[str]]:
    engine = create_engine(dsn)
    try:
        async with engine.begin() as connection:
            if make:
                await connection.run_sync(metadata.create_all)
            catalogue = {line for query in IN_THE_CATALOGUE for line in await connection.scalars(text(query))}
            return await connection.run_sync(_by_alembic, metadata), catalogue
    finally:
        await engine.dispose()


def _by_alembic(connection: Connection, metadata: MetaData) -> Sequence[Any]:
    return list(
        compare_metadata(
            MigrationContext.configure(
                connection, opts={"compare_type": True, "compare_server_default": True}
            ),
            metadata,
        )
    )
