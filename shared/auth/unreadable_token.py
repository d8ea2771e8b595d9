"""The exceptions that joserfc raises for a malformed token."""

from joserfc.errors import JoseError

UNREADABLE = (JoseError, ValueError, TypeError, RecursionError)
"""Besides joserfc's own: `TypeError` if a header's `crit` is not a list of texts, `RecursionError`.

The latter is raised for claims that are nested too deep.
"""
