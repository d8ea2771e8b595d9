"""TUPAS: the request A01Y (message type 701) and the response B02K, their fields, their seal and what may be believed of them.

Values are text as ISO-8859-1 knows it. A message's seal (MAC) is `HASH(value & value & … & key &)` over the values in the order in which the
fields are declared below, as upper-case hexadecimal. No function here tells what a message held when it refuses it.
"""

import hashlib
import hmac
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import astuple, dataclass, field, fields
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar
from urllib.parse import parse_qsl, urlencode
from zoneinfo import ZoneInfo

from stdnum.fi import ytunnus

from shared.auth.personal_identity_code import is_plain_code

ENCODING = "iso-8859-1"
HELSINKI = ZoneInfo("Europe/Helsinki")
CLOCK_SKEW = timedelta(minutes=5)
ACTION = "701"
SHA_256 = "03"
HASHES: dict[str, Callable[[bytes], Any]] = {SHA_256: hashlib.sha256}
"""MD5 (01) and SHA-1 (02) existed too; a hash with its key at the end is only as good as the hash."""

NOT_IDENTIFIED = {
    "00": "no-identifier",
    "10": "nothing-found",
    "11": "user-without-code",
    "12": "company-without-id",
}
ANSWERS = {
    "01": ("02", "12", "32"),
    "02": ("03", "13", "33"),
    "03": ("22", "32"),
    "05": ("01", "11", "31"),
    "06": ("21", "31"),
    "08": ("42",),
    "09": ("41",),
}
"""B02K_CUSTTYPE → the A01Y_IDTYPEs that it answers; the basic identifier (0x) is agreed to be the henkilötunnus."""
PLAIN = "01"
"""The only B02K_CUSTTYPE whose identifier is a plain henkilötunnus."""

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
    """A message that must not be believed; `reason` is a constant slug."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True)
class Request:
    """A01Y without its seal, in the order in which it is sealed."""

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
    """B02K without its seal, in the order in which it is sealed; `userid` and `username` may be empty."""

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
class Unproven:
    """A response that is well formed and that nobody has vouched for yet: its stamp may be looked up, nothing else."""

    stamp: str
    response: Response = field(repr=False)
    mac: str = field(repr=False)


@dataclass(frozen=True)
class Keys:
    """The keys shared with one party, `{KEYVERS: key}`, and the one algorithm agreed with it."""

    by_version: Mapping[str, str] = field(repr=False)
    algorithm: str = SHA_256

    def __post_init__(self) -> None:
        """Refuse what would make forging possible."""
        if not self.by_version or not all(self.by_version.values()):
            raise ValueError("a TUPAS key is missing or empty")
        if self.algorithm not in HASHES:
            raise ValueError(f"algorithm {self.algorithm} is not allowed")


def mac(values: Sequence[str], key: str, algorithm: str = SHA_256) -> str:
    """Compute a seal over values in order, as upper-case hexadecimal; `ValueError` on an empty key."""
    if not key:
        raise ValueError("a TUPAS key is empty")
    return str(HASHES[algorithm](("&".join([*values, key]) + "&").encode(ENCODING)).hexdigest()).upper()


def sealed_values(message: Request | Response) -> list[str]:
    """Give the values that the seal covers; the optional ones only where they are filled in."""
    return [
        value
        for name, value in zip(_names(type(message)), astuple(message), strict=True)
        if value or name not in OPTIONAL
    ]


def seal(message: Request | Response, keys: Keys) -> dict[str, str]:
    """Give the fields to send, seal last, by their TUPAS names."""
    prefix = PREFIXES[type(message)]
    sent = {
        prefix + name.upper(): value
        for name, value in zip(_names(type(message)), astuple(message), strict=True)
    }
    return {
        **sent,
        prefix + "MAC": mac(sealed_values(message), keys.by_version[message.keyvers], message.alg),
    }


def to_query(sealed: Mapping[str, str]) -> str:
    """Write fields as a query string in ISO-8859-1."""
    return urlencode(sealed, encoding=ENCODING)


def read(raw: bytes, kind: type[M]) -> tuple[M, str]:
    """Read a message and its seal from a raw query string or form body.

    Every mandatory field stands there exactly once, filled in and matching its own pattern; no unknown field of the family does.
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


def read_response(raw: bytes) -> Unproven:
    """Read a response, of which nothing but the stamp may be used before `prove`."""
    response, given = read(raw, Response)
    return Unproven(response.stamp, response, given)


def check_seal(message: Request | Response, given: str, keys: Keys) -> None:
    """Refuse a message whose algorithm, key generation or seal is not the agreed one."""
    if message.alg != keys.algorithm:
        raise TupasRefused("wrong-algorithm")
    if message.keyvers not in keys.by_version:
        raise TupasRefused("unknown-key-version")
    expected = mac(sealed_values(message), keys.by_version[message.keyvers], keys.algorithm)
    if not hmac.compare_digest(expected, given.upper()):
        raise TupasRefused("wrong-seal")


def prove(unproven: Unproven, *, bank_number: str, keys: Keys, asked: Request, now: datetime) -> Response:
    """Give the response once it is proven to be this bank's fresh answer to what was asked; it may still say "not identified".

    `now` is aware. `TupasRefused` otherwise.
    """
    response = unproven.response
    check_seal(response, unproven.mac, keys)
    if response.stamp != asked.stamp:
        raise TupasRefused("another-stamp")
    if response.timestmp[:3] != bank_number:
        raise TupasRefused("another-bank")
    if abs_skew(response.timestmp, now) > CLOCK_SKEW:
        raise TupasRefused("clock-skew")
    if response.custtype not in NOT_IDENTIFIED and asked.idtype not in ANSWERS.get(response.custtype, ()):
        raise TupasRefused("another-identifier")
    if not _plausible(response):
        raise TupasRefused("malformed-identifier")
    return response


def names_person(response: Response) -> bool:
    """Say whether a proven response holds a plain henkilötunnus; an encrypted one, a part of one or a company's id stands in the same field."""
    return response.custtype == PLAIN and is_plain_code(response.custid)


def make_stamp(now: datetime, number: int) -> str:
    """Make an A01Y_STAMP: Finnish time on a 24-hour clock (14 digits) and a random number below a million (6)."""
    return f"{now.astimezone(HELSINKI):%Y%m%d%H%M%S}{number:06d}"


def abs_skew(timestmp: str, now: datetime) -> timedelta:
    """Tell how far a B02K_TIMESTMP lies from now; of an hour that the clock strikes twice, the nearer one counts."""
    try:
        local = datetime.strptime(timestmp[3:17], "%Y%m%d%H%M%S").replace(tzinfo=HELSINKI)
    except ValueError:
        raise TupasRefused("malformed-field") from None
    return min(abs(now.astimezone(UTC) - local.replace(fold=fold).astimezone(UTC)) for fold in (0, 1))


def _names(kind: type[Any]) -> list[str]:
    return [item.name for item in fields(kind)]


def _plausible(response: Response) -> bool:
    if response.custtype == PLAIN:
        return is_plain_code(response.custid)
    if response.custtype == "02":
        return re.fullmatch("[0-9]{3}[0-9A-Y]", response.custid) is not None
    if response.custtype == "03":
        return bool(ytunnus.is_valid(response.custid))
    return True
