"""Checks that a henkilötunnus from another system is a plain one, the only form that names a person."""

from stdnum.fi import hetu

CLAIM = "urn:oid:1.2.246.21"
"""The OpenID Connect claim of the henkilötunnus in the Finnish trust network."""


def is_plain_code(value: object) -> bool:
    """True for a henkilötunnus in its one written form, not for its last four, a hash or a business id.

    Temporary codes (900–999) are accepted: the banks' test customers have them.
    """
    return (
        isinstance(value, str)
        and value == hetu.compact(value)
        and bool(hetu.is_valid(value, allow_temporary=True))
    )
