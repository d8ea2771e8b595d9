"""The name that we greet the mail server with, where the settings give none (RFC 5321 4.1.1.1, 4.1.3)."""

import re
import socket
from functools import lru_cache
from ipaddress import ip_address

NAME = re.compile(r"(?=.{4,253}$)(?:(?!-)[A-Za-z0-9-]{1,63}(?<!-)\.)+(?!-)(?!\d+$)[A-Za-z0-9-]{2,63}(?<!-)")
LITERAL = re.compile(r"\[(?:IPv6:)?([0-9A-Fa-f.:]+)\]")
NOBODYS = (".localdomain", ".localhost", ".local", ".internal", ".invalid")


def is_ehlo_name(name: str) -> bool:
    """Return whether a name is fully qualified, or an address literal."""
    if literal := LITERAL.fullmatch(name):
        try:
            return ip_address(literal[1]).version == (6 if name.startswith("[IPv6:") else 4)
        except ValueError:
            return False
    return NAME.fullmatch(name) is not None


def default_ehlo_name(host: str, address: str) -> str:
    """Return this host's name if it is fully qualified, otherwise a literal of the connection's address."""
    if is_ehlo_name(host) and not host.lower().endswith(NOBODYS):
        return host
    own = ip_address(address.partition("%")[0])
    return f"[IPv6:{own}]" if own.version == 6 else f"[{own}]"  # noqa: PLR2004  the version's own number


@lru_cache(maxsize=1)
def host_name() -> str:
    """Ask the system once for this host's name; the resolver may take seconds."""
    return socket.getfqdn()
