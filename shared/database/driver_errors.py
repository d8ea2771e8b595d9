"""The exceptions that asyncpg raises on a bare connection when a server is unavailable, lost, or refuses."""

from asyncpg.exceptions import InterfaceError, InternalClientError, PostgresError

DRIVER_ERRORS = (OSError, TimeoutError, PostgresError, InterfaceError, InternalClientError)
"""`InternalClientError`: the connection was lost while the driver was between two steps."""
