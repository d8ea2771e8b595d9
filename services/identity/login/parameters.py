"""Reads and writes OAuth 2.0 parameters: each once, empty ones left out (RFC 6749, 3.1 and 3.2)."""

from urllib.parse import parse_qsl, urlencode, urlsplit


class RepeatedParameter(ValueError):
    """A parameter came more than once, or there were too many."""


def read_parameters(raw: bytes) -> dict[str, str]:
    """Read a query string or form body; raises `RepeatedParameter`."""
    try:
        pairs = parse_qsl(raw.decode("latin-1"), max_num_fields=60)
    except ValueError:
        raise RepeatedParameter from None
    parameters = dict(pairs)
    if len(parameters) != len(pairs):
        raise RepeatedParameter
    return parameters


def with_parameters(address: str, parameters: dict[str, str | None]) -> str:
    """Return an address, which may have a query, with parameters added; those that are None are left out."""
    added = urlencode({name: value for name, value in parameters.items() if value is not None})
    return f"{address}{'&' if urlsplit(address).query else '?'}{added}"
