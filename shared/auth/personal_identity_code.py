"""The henkilötunnus as other systems tell it: only a plain one names a person."""

from stdnum.fi import hetu

CLAIM = "urn:oid:1.2.246.21"
"""The OpenID Connect claim by which the Finnish trust network tells it."""


def is_plain_code(value: object) -> bool:
    """Say whether this is a henkilötunnus in its one written form; its last four, a hash or a business id of the same place is none.

    Temporary codes (900–999) are: the banks' test customers have them.
    """
    return (
        isinstance(value, str)
        and value == hetu.compact(value)
        and bool(hetu.is_valid(value, allow_temporary=True))
    )
