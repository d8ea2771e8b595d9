"""The lease under which a process owns the deliveries that it sends."""

from collections.abc import Callable

from shared.outbox.lease import Lease

DUE = "deliveries"
"""The name for `NOTIFY` that says that a delivery is due."""
GRACE_SECONDS = 3.0
"""A process that lost its connection is not dead: its deliveries are under way."""
OLDER_LOCK = "select pg_try_advisory_lock({owner})"
"""What versions before the lease look at: they take nothing from the holder of this lock."""


def delivery_lease(dsn: str, *, wake: Callable[[], None], lost: Callable[[], None]) -> Lease:
    """Make the lease.

    `wake()` is called when deliveries are due, `lost()` when another process may have taken ours.
    """
    return Lease(
        dsn, "deliveries", lock=OLDER_LOCK, grace=GRACE_SECONDS, channel=DUE, notified=wake, lost=lost
    )
