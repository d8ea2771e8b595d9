"""TUPAS messages: their fields, their message authentication code (MAC), and how they are read and written.

TUPAS is the Finnish banks' older protocol of identification. A service provider sends the request A01Y
(message type 701) through the browser, and the bank answers with the response B02K. `verify_tupas.py` decides
whether an answer is valid.

Values are text in ISO-8859-1. The MAC is `HASH(value & value & … & key &)` over the values, in the order in
which the fields are declared below, as upper-case hexadecimal. No error quotes the contents of a message.
"""

import hashlib
import hmac
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import astuple, dataclass, field, fields
from datetime import datetime
from typing import Any, TypeVar
from urllib.parse import parse_qsl, urlencode
from zoneinfo import ZoneInfo

ENCODING = "iso-8859-1"
HELSINKI = ZoneInfo("Europe/Helsinki")
ACTION = "701"
SHA_256 = "03"
HASHES: dict[str, Callable[[bytes], Any]] = {SHA_256: hashlib.sha256}
"""MD5 (01) and SHA-1 (02) exist too and are refused: this MAC is only as strong as its hash."""

TEXT = r"[^&\x00-\x1f\x7f-\x9f]"
LINK = r"https?://[\x21-\x7e]{1,191}"
PATTERNS = {
    "action_id": ACTION,
    "vers": "[0-9]{4}",
    "rcvid": TEXT + "{1,64}",
    "langcode": "FI|SV|EN",
    "stamp": "[0-9]{20}",
    "idtype": "[0-3][123]|4[12]",
    "retlink": LINK,
    "canlink": LINK,
    "rejlink": LINK,
    "timestmp": "[0-9]{17,23}",
    "idnbr": r"[\x21-\x25\x27-\x7e]{1,32}",
    "custname": TEXT + "{1,40}",
    "keyvers": "[0-9]{4}",
    "alg": "0[123]",
    "custid": TEXT + "{1,64}",
    "custtype": "0[0-9]|1[012]",
    "userid": TEXT + "{1,64}",
    "username": TEXT + "{1,40}",
    "mac": "[0-9A-Fa-f]{32,64}",
}
OPTIONAL = ("userid", "username")
ALIASES = {"USRID": "USERID"}


class TupasRefused(Exception):
    """A message is invalid; `reason` is a constant slug that is safe to log."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True)
class Request:
    """The request A01Y without its MAC; the fields are in the order in which the MAC covers them."""

    action_id: str
    vers: str
    rcvid: str
    langcode: str
    stamp: str
    idtype: str
    retlink: str
    canlink: str
    rejlink: str
    keyvers: str
    alg: str


@dataclass(frozen=True)
class Response:
    """The response B02K without its MAC; the fields are in the order in which the MAC covers them.

    `userid` and `username` may be empty.
    """

    vers: str
    timestmp: str
    idnbr: str
    stamp: str
    custname: str = field(repr=False)
    keyvers: str
    alg: str
    custid: str = field(repr=False)
    custtype: str
    userid: str = field(default="", repr=False)
    username: str = field(default="", repr=False)


M = TypeVar("M", bound=Request | Response)
PREFIXES: dict[type, str] = {Request: "A01Y_", Response: "B02K_"}


@dataclass(frozen=True)
class Unverified:
    """A well-formed response whose MAC has not been checked yet.

    Only its stamp may be used, to look up the request that it answers.
    """

    stamp: str
    response: Response = field(repr=False)
    mac: str = field(repr=False)


@dataclass(frozen=True)
class Keys:
    """The keys shared with one party, `{KEYVERS: key}`, and the one algorithm agreed with it."""

    by_version: Mapping[str, str] = field(repr=False)
    algorithm: str = SHA_256

    def __post_init__(self) -> None:
        """Raise `ValueError` for an empty key or a weak algorithm: messages could be forged."""
        if not self.by_version or not all(self.by_version.values()):
            raise ValueError("a TUPAS key is missing or empty")
        if self.algorithm not in HASHES:
            raise ValueError(f"algorithm {self.algorithm} is not allowed")


def mac(values: Sequence[str], key: str, algorithm: str = SHA_256) -> str:
    """Return the MAC over values in order, as upper-case hexadecimal; `ValueError` on an empty key."""
    if not key:
        raise ValueError("a TUPAS key is empty")
    return str(HASHES[algorithm](("&".join([*values, key]) + "&").encode(ENCODING)).hexdigest()).upper()


def covered_values(message: Request | Response) -> list[str]:
    """Return the values that the MAC covers; an optional field counts only when it is filled in."""
    return [
        value
        for name, value in zip(_names(type(message)), astuple(message), strict=True)
        if value or name not in OPTIONAL
    ]


def with_mac(message: Request | Response, keys: Keys) -> dict[str, str]:
    """Return the fields to send, by their TUPAS names, with the MAC last."""
    prefix = PREFIXES[type(message)]
    sent = {
        prefix + name.upper(): value
        for name, value in zip(_names(type(message)), astuple(message), strict=True)
    }
    return {
        **sent,
        prefix + "MAC": mac(covered_values(message), keys.by_version[message.keyvers], message.alg),
    }


def to_query(sent: Mapping[str, str]) -> str:
    """Return fields as a query string in ISO-8859-1."""
    return urlencode(sent, encoding=ENCODING)


def read(raw: bytes, kind: type[M]) -> tuple[M, str]:
    """Read a message and its MAC from a raw query string or form body.

    Raises `TupasRefused` unless each mandatory field is there once, filled in and matching its pattern, and
    no unknown field has the prefix of the message. Fields without the prefix are ignored.
    """
    try:
        pairs = parse_qsl(raw.decode(ENCODING), keep_blank_values=True, encoding=ENCODING, max_num_fields=40)
    except ValueError:
        raise TupasRefused("too-many-fields") from None
    found: dict[str, str] = {}
    for full_name, value in pairs:
        if full_name.startswith(PREFIXES[kind]):
            name = full_name.removeprefix(PREFIXES[kind])
            name = ALIASES.get(name, name)
            if name in found:
                raise TupasRefused("duplicate-field")
            found[name] = value
    expected = {*_names(kind), "mac"}
    if found.keys() - {name.upper() for name in expected}:
        raise TupasRefused("unknown-field")
    found = {name.lower(): value for name, value in found.items()}
    if any(not found.get(name) for name in expected.difference(OPTIONAL)):
        raise TupasRefused("missing-field")
    if not all(
        re.fullmatch(PATTERNS[name], value) for name, value in found.items() if value or name not in OPTIONAL
    ):
        raise TupasRefused("malformed-field")
    given = found.pop("mac")
    return kind(**found), given


def read_response(raw: bytes) -> Unverified:
    """Read a response; until `verify_response` has accepted it, only its stamp may be used."""
    response, given = read(raw, Response)
    return Unverified(response.stamp, response, given)


def check_mac(message: Request | Response, given: str, keys: Keys) -> None:
    """Raise `TupasRefused` unless algorithm and key version are agreed on and the MAC is right."""
    if message.alg != keys.algorithm:
        raise TupasRefused("wrong-algorithm")
    if message.keyvers not in keys.by_version:
        raise TupasRefused("unknown-key-version")
    expected = mac(covered_values(message), keys.by_version[message.keyvers], keys.algorithm)
    if not hmac.compare_digest(expected, given.upper()):
        raise TupasRefused("wrong-seal")


def make_stamp(now: datetime, number: int) -> str:
    """Return an A01Y_STAMP of 20 digits: Finnish time on a 24-hour clock (14), then `number` (6).

    `number` is random, and below a million.
    """
    return f"{now.astimezone(HELSINKI):%Y%m%d%H%M%S}{number:06d}"


def _names(kind: type[Any]) -> list[str]:
    return [item.name for item in fields(kind)]
