"""The lease under which a process owns the deliveries that it sends."""

from collections.abc import Callable

from shared.outbox.lease import Lease

CHANNEL = "deliveries"
"""`NOTIFY` on it says that a mail is due."""
GRACE_SECONDS = 3.0
"""A connection that is lost is not a process that is dead: its mails are under way."""
OLDER_LOCK = "select pg_try_advisory_lock({owner})"
"""The sign of life of versions before the lease, which take nothing from its holder."""


def delivery_lease(dsn: str, *, wake: Callable[[], None], lost: Callable[[], None]) -> Lease:
    """Make the lease; `wake()` is called when mails are due, `lost()` when another process may have taken ours."""
    return Lease(
        dsn, "deliveries", lock=OLDER_LOCK, grace=GRACE_SECONDS, channel=CHANNEL, notified=wake, lost=lost
    )
