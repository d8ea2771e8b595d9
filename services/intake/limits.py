"""Rate limits of intake: each limit, and by what its events are counted."""

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from ipaddress import IPv4Network, IPv6Network, ip_address

from starlette.requests import HTTPConnection

from services.intake.citizen.identity import Identity
from services.intake.form.clean_values import canonical_email
from shared.limits.caller import caller_of
from shared.limits.limit import Limit, Limits, TooMany

SUBMISSIONS = Limit("submissions", most=60, seconds=600)
"""By caller, except portals: all visitors of a town hall share one address."""
OF_ONE_PERSON = Limit("submissions-of-one", most=30, seconds=3_600)
"""By person, for those whom a bank has identified."""
RECEIPTS = Limit("receipts", most=60, seconds=3_600)
"""By mailbox, so that many callers together cannot fill a stranger's mailbox."""
RECEIPTS_FROM_ONE = Limit("receipts-from-one", most=10, seconds=3_600)
"""By mailbox and caller (or identified person).

One sender alone cannot use up what a mailbox gets, so its owner is not refused elsewhere.
"""
CANARIES = Limit("canaries", most=6, seconds=60)
"""By caller. Tracker sends one test request a minute, and a few more when intake cannot store it."""
IDENTIFICATIONS = Limit("identifications", most=60, seconds=600)
"""By caller."""
DRAFTS = Limit("drafts", most=3_000, seconds=600)
"""By caller. While somebody types, at most one draft a second is stored."""
GMAIL = "gmail.com"
GMAIL_DOMAINS = frozenset((GMAIL, "googlemail.com"))
"""Providers that ignore dots in the local part."""
MAX_STREAMS = 20
"""Open event streams per caller and process. The number is also found without a stream."""
STREAM_RETRY_SECONDS = 10

Portals = Sequence[IPv4Network | IPv6Network]


class CallerLimits:
    """Counts what callers do; every method raises `TooMany` if it is too much."""

    def __init__(self, limits: Limits, portals: Portals, look_ups: Limit) -> None:
        self._limits = limits
        self._portals = portals
        self._look_ups = look_ups
        self._streams: Counter[str] = Counter()

    def submission(self, connection: HTTPConnection, identity: Identity | None, email: str) -> None:
        """Count one request before it is accepted."""
        who = identity.personal_identity_code if identity else _caller(connection)
        if identity is not None:
            self._limits.hit(OF_ONE_PERSON, who)
        elif not self._is_portal(connection):
            self._limits.hit(SUBMISSIONS, who)
        self._mail(email, who)

    def canary(self, connection: HTTPConnection) -> None:
        """Count one test request before it is accepted."""
        self._limits.hit(CANARIES, _caller(connection))

    def identification(self, connection: HTTPConnection) -> None:
        """Count one attempt to identify."""
        self._limits.hit(IDENTIFICATIONS, _caller(connection))

    def look_up(self, connection: HTTPConnection) -> None:
        """Count one attempt to look at a request by number and address."""
        self._limits.hit(self._look_ups, _caller(connection))

    def correction(self, connection: HTTPConnection, email: str) -> None:
        """Count one mail to a corrected address.

        The caller has proven the request's number and its old address.
        """
        self._mail(email, _caller(connection))

    def draft(self, connection: HTTPConnection) -> None:
        """Count one draft before it is stored."""
        self._limits.hit(DRAFTS, _caller(connection))

    @contextmanager
    def stream(self, connection: HTTPConnection) -> Iterator[None]:
        """Count an event stream for as long as it is open."""
        caller = _caller(connection)
        if self._streams[caller] >= MAX_STREAMS:
            raise TooMany(STREAM_RETRY_SECONDS)
        self._streams[caller] += 1
        try:
            yield
        finally:
            self._streams[caller] -= 1
            if not self._streams[caller]:
                del self._streams[caller]

    def _mail(self, email: str, who: str) -> None:
        mailbox = mailbox_of(email)
        self._limits.hit(RECEIPTS_FROM_ONE, f"{mailbox}\n{who}")
        self._limits.hit(RECEIPTS, mailbox)

    def _is_portal(self, connection: HTTPConnection) -> bool:
        try:
            address = ip_address(_host(connection))
        except ValueError:
            return False
        return any(address in network for network in self._portals)


def mailbox_of(email: str) -> str:
    """Return one form for all spellings of a mailbox.

    For counting only: mail goes to the address as it was typed.
    """
    local, _, domain = canonical_email(email).casefold().rpartition("@")
    local = local.partition("+")[0] or local
    return f"{local.replace('.', '')}@{GMAIL}" if domain in GMAIL_DOMAINS else f"{local}@{domain}"


def _caller(connection: HTTPConnection) -> str:
    return caller_of(_host(connection))


def _host(connection: HTTPConnection) -> str:
    return connection.client.host if connection.client else ""
