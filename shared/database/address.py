"""Parses libpq addresses of PostgreSQL databases, for asyncpg and SQLAlchemy."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qsl, unquote, urlencode

ADDRESS = re.compile(
    r"postgres(?:ql)?://(?:(?P<user>[^:@/?#]*)(?::(?P<password>[^/?#]*))?@)?(?P<hosts>[^/?#@]*)(?:/(?P<database>[^?#]*))?(?:\?(?P<query>[^#]*))?"
)
HOST = re.compile(r"(?:\[(?P<v6>[^\]]+)\]|(?P<name>[^:\[\]]*))(?::(?P<port>\d+))?")
TLS = (
    "sslmode",
    "sslrootcert",
    "sslcert",
    "sslkey",
    "sslpassword",
    "sslcrl",
    "ssl_min_protocol_version",
    "ssl_max_protocol_version",
)
FILES = ("sslrootcert", "sslcert", "sslkey", "sslcrl")
VALUES = {
    "sslmode": ("disable", "allow", "prefer", "require", "verify-ca", "verify-full"),
    "target_session_attrs": ("any", "primary", "standby", "read-write", "read-only", "prefer-standby"),
    # The driver does not support these: they may be preferred, but not required.
    "channel_binding": ("disable", "prefer"),
    "gssencmode": ("disable", "prefer"),
}
NUMBERS = (
    "connect_timeout",
    "keepalives_idle",
    "keepalives_interval",
    "keepalives_count",
    "tcp_user_timeout",
)
SERVER_SETTINGS = ("application_name", "options")
KNOWN = {*TLS, *VALUES, *NUMBERS, *SERVER_SETTINGS, "host", "port", "user", "password", "dbname", "passfile"}
SYSTEM = "system"
CONNECT_SECONDS = 5


class BadDatabaseAddress(ValueError):
    """The address is invalid; the message names the part, and never shows the password."""


@dataclass(frozen=True, slots=True)
class DatabaseAddress:
    """A parsed address. `None` means asyncpg's default: `PGHOST`, `PGUSER`, the password file and so on."""

    hosts: tuple[tuple[str | None, int | None], ...]
    user: str | None
    password: str | None
    database: str | None
    passfile: str | None
    tls: Mapping[str, str]
    """The parameters named `ssl…`, as in the address."""
    server_settings: Mapping[str, str]
    target_session_attrs: str
    connect_seconds: int
    keepalive: Mapping[str, int]
    """The given keepalive parameters: `keepalives_idle`, `keepalives_interval`, `keepalives_count`.

    The first two in seconds; also `tcp_user_timeout` in milliseconds.
    """

    @property
    def tls_dsn(self) -> str:
        """Return the TLS part, which asyncpg accepts only in an address."""
        return (
            f"postgresql://?{urlencode({name: value for name, value in self.tls.items() if value != SYSTEM})}"
            if self.tls
            else "postgresql://"
        )


def read_database_address(text: str) -> DatabaseAddress:
    """Parse `postgresql://user:password@host1:5432,host2:5432/database?sslmode=verify-full&…`.

    Raises `BadDatabaseAddress`. Without `target_session_attrs` only a server that accepts writes is used:
    after a fail-over the old one may still answer.
    """
    match = _match(text)
    query = _query(match["query"] or "")
    hosts, ports = _hosts(unquote(match["hosts"])) if match["hosts"] else _hosts(query.get("host", ""))
    if query.get("port"):
        ports = _ports(query["port"], hosts)
    return DatabaseAddress(
        hosts=tuple(zip(hosts, ports, strict=True)),
        user=unquote(match["user"] or "") or query.get("user"),
        password=unquote(match["password"] or "") or query.get("password"),
        database=unquote(match["database"] or "") or query.get("dbname"),
        passfile=query.get("passfile"),
        tls=_picked(query, TLS),
        server_settings=_picked(query, SERVER_SETTINGS),
        target_session_attrs=query.get("target_session_attrs", "read-write"),
        connect_seconds=int(query.get("connect_timeout", 0)) or CONNECT_SECONDS,
        keepalive={name: int(value) for name, value in _picked(query, NUMBERS[1:]).items()},
    )


def hosts_and_parameters(text: str) -> tuple[str, str]:
    """Return the hosts and the parameters of an address as text; raises `BadDatabaseAddress`."""
    match = _match(text)
    return match["hosts"], match["query"] or ""


def _match(text: str) -> re.Match[str]:
    match = ADDRESS.fullmatch(text)
    if match is None:
        raise BadDatabaseAddress(
            "is not postgresql://user:password@host:port/database (special characters in a password as %40)"
        )
    return match


def _query(text: str) -> dict[str, str]:
    query: dict[str, str] = {}
    for name, value in parse_qsl(text, keep_blank_values=True):
        if name not in KNOWN:
            hint = "; use sslmode" if name == "ssl" else f" (known: {', '.join(sorted(KNOWN))})"
            raise BadDatabaseAddress(f"{name} is not a known parameter{hint}")
        if name in VALUES and value not in VALUES[name]:
            raise BadDatabaseAddress(f"{name} must be one of {', '.join(VALUES[name])}")
        if name in NUMBERS and not value.isdecimal():
            raise BadDatabaseAddress(f"{name} must be a whole number")
        if name in FILES and not (name == "sslrootcert" and value == SYSTEM) and not Path(value).is_file():
            raise BadDatabaseAddress(f"{name} names {value}, which is not a file that can be read")
        query[name] = value
    if query.get("sslrootcert") == SYSTEM and query.setdefault("sslmode", "verify-full") != "verify-full":
        raise BadDatabaseAddress("sslrootcert=system needs sslmode=verify-full")
    return query


def _hosts(text: str) -> tuple[list[str | None], list[int | None]]:
    hosts: list[str | None] = []
    ports: list[int | None] = []
    for each in text.split(","):
        match = re.fullmatch(r"(?P<name>/.*)(?P<v6>)(?P<port>)", each) or HOST.fullmatch(each)
        if match is None and each.count(":") > 1:
            hosts, ports = (
                [*hosts, each],
                [*ports, None],
            )  # an IPv6 address in `?host=` has no brackets
            continue
        if match is None:
            raise BadDatabaseAddress(
                "host must be a name, an address or a folder, each with :port where needed, separated by "
                "commas"
            )
        hosts.append(match["v6"] or match["name"] or None)
        ports.append(int(match["port"]) if match["port"] else None)
    return hosts, ports


def _ports(text: str, hosts: list[str | None]) -> list[int | None]:
    ports = text.split(",")
    if len(ports) == 1:
        ports *= len(hosts)
    if len(ports) != len(hosts) or not all(port.isdecimal() or not port for port in ports):
        raise BadDatabaseAddress("port must be one number, or one for each host")
    return [int(port) if port else None for port in ports]


def _picked(query: Mapping[str, str], names: tuple[str, ...]) -> Mapping[str, str]:
    return {name: query[name] for name in names if name in query}
