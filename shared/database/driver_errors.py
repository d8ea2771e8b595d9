"""What asyncpg raises on a connection of its own when a server is away, lost, or refuses."""

from asyncpg.exceptions import InterfaceError, InternalClientError, PostgresError

DRIVER_ERRORS = (OSError, TimeoutError, PostgresError, InterfaceError, InternalClientError)
"""`InternalClientError`: the connection was lost while the driver was between two steps."""
