"""New mails that go straight from the consumer to the pool: written down as this process's to send, they need no claim.

A claim would cost every mail a second update and a second wait for the disk. Whatever becomes of such a transaction, no mail is lost and none is
sent by two: one whose commit is in doubt is let go of, and claimed like any other.
"""

from collections.abc import Callable, Sequence

from services.notifier.queue.lanes import Waiting


class HandOver:
    """One for the consumer's loop, whose transactions come one after another: `begin` each, and call what `after_commit` gave once it is committed.

    `room()` says how many mails the pool takes now, `take` gives them to it, `wake()` tells it that there are others to claim; `doubt()` says that
    there may be mails of ours that it does not know of.
    """

    def __init__(
        self,
        owner: int,
        *,
        room: Callable[[], int],
        take: Callable[[Sequence[Waiting]], None],
        wake: Callable[[], None],
        doubt: Callable[[], None],
    ) -> None:
        self.owner = owner
        self._room = room
        self._take = take
        self._wake = wake
        self._doubt = doubt
        self._under_way = False

    @property
    def under_way(self) -> bool:
        """Say whether a transaction may be writing mails down as ours."""
        return self._under_way

    def begin(self) -> int:
        """Say how many mails of the transaction that begins may be written down as `owner`'s."""
        if self._under_way:
            # The last one was not seen to be committed, and may have been all the same.
            self._doubt()
        room = self._room()
        self._under_way = room > 0
        return room

    def after_commit(self, mails: Sequence[Waiting] = (), *, others: bool = False) -> Callable[[], None]:
        """Give what hands the mails to the pool that were written down as `owner`'s, and tells it whether there are others."""

        def hand_over() -> None:
            self._under_way = False
            self._take(mails)
            if others:
                self._wake()

        return hand_over
