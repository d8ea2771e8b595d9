"""Hands new deliveries from the consumer straight to the senders.

Written as this process's own, they need no claim.

A claim would cost every delivery a second update and a second wait for the disk. Whatever becomes of such a
transaction, no delivery is lost and none is sent by two processes: one whose commit is in doubt is disowned,
and claimed like any other.
"""

from collections.abc import Callable, Sequence

from services.notifier.queue.channel import Waiting
from services.notifier.queue.claims import Claims
from services.notifier.queue.ownership import Ownership


class HandOver:
    """For one consumer, whose transactions follow one another.

    `begin()` each transaction, and call what `after_commit` returned once it is committed.
    """

    def __init__(self, ownership: Ownership, claims: Claims) -> None:
        self.owner = ownership.lease.owner
        self._ownership = ownership
        self._claims = claims
        self._begun_in = 0

    def begin(self) -> int:
        """Return how many deliveries the transaction that begins may write as `owner`'s."""
        if self._ownership.handing_over:
            # The last transaction was not seen to be committed, and may have been all the same.
            self._ownership.doubt()
        self._begun_in = self._ownership.lease.generation
        room = self._claims.room_for_new()
        self._ownership.handing_over = room > 0
        return room

    def after_commit(self, ours: Sequence[Waiting] = (), *, others: bool = False) -> Callable[[], None]:
        """Return what hands over the deliveries that were written as `owner`'s.

        `others` have to be claimed.
        """

        def hand_over() -> None:
            self._ownership.handing_over = False
            if self._begun_in == self._ownership.lease.generation:
                for waiting in ours:
                    self._ownership.lanes.put(waiting)
            else:
                self._ownership.doubt()
            if others:
                self._ownership.wake()

        return hand_over
