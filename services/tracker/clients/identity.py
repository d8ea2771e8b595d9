"""Whether the account of a session is still as it was when its operator signed in; identity says so."""

import asyncio
import time

from shared.auth.client_credentials import ClientCredentials, IdentityAway, read_json_object
from shared.process.logs import get_log
from shared.web.problems import Unavailable

log = get_log(__name__)

FRESH_SECONDS = 10.0
"""A changed or removed account ends its sessions within this time."""
WITHOUT_IDENTITY_SECONDS = 600.0
"""For how long the last answer counts while identity is away; accounts change only when identity starts."""
PAUSE_SECONDS = 2.0


class StaffAccounts:
    """The present epoch of each staff account, cached.

    It is fetched when a page needs it and the last answer is too old or does not fit.
    """

    def __init__(self, provider: ClientCredentials) -> None:
        self._provider = provider
        self._epochs: dict[str, str] = {}
        self._read_at = float("-inf")
        self._ask_from = 0.0
        self._lock = asyncio.Lock()

    async def is_current(self, subject: str, epoch: str) -> bool:
        """Return whether the account is there and its epoch is still this one.

        Raises `Unavailable` where identity has been away for too long.
        """
        account = (subject, epoch)
        if self._said(account, FRESH_SECONDS):
            return True
        async with self._lock:
            if self._said(account, FRESH_SECONDS):
                return True
            if time.monotonic() >= self._ask_from:
                try:
                    self._epochs = _read_epochs(
                        read_json_object(
                            await self._provider.call_as_client("staff_accounts_endpoint", "POST")
                        )
                    )
                except IdentityAway:
                    self._ask_from = time.monotonic() + PAUSE_SECONDS
                else:
                    self._read_at = time.monotonic()
                    return account in self._epochs.items()
            if self._said(account, WITHOUT_IDENTITY_SECONDS):
                return True
        raise Unavailable("Identity is away, so that nobody knows whether the account is still valid")

    def _said(self, account: tuple[str, str], max_age: float) -> bool:
        return time.monotonic() - self._read_at < max_age and account in self._epochs.items()


def _read_epochs(facts: dict[str, object]) -> dict[str, str]:
    epochs = facts.get("epochs")
    if not isinstance(epochs, dict):
        log.warning("identity_away", error="no epochs")
        raise IdentityAway("no epochs")
    return epochs
