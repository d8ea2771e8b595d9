"""What joserfc raises for a token that anybody can make up."""

from joserfc.errors import JoseError

UNREADABLE = (JoseError, ValueError, TypeError, RecursionError)
"""Besides its own errors: `TypeError` where `crit` of a header is no list of texts, `RecursionError` where the claims are nested too deep."""
