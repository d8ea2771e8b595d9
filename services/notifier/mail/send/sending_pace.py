"""How many connections may be used at once, and from when on: fewer while the mail server refuses mails.

Pure.
"""

FIRST_GROWTH_SECONDS, MAX_GROWTH_SECONDS = 5.0, 300.0
FIRST_PAUSE_SECONDS, MAX_PAUSE_SECONDS = 1.0, 60.0


class SendingPace:
    """Up to `limit` connections, from `resume_at` on; times are those of one monotonic clock."""

    def __init__(self, most: int) -> None:
        self._most = self.limit = most
        self.reset()

    def reset(self) -> None:
        """Begin anew with all connections: nothing is known of the server."""
        self.limit = self._most
        self.resume_at = float("-inf")
        self._pause = 0.0
        self._cut_at = float("-inf")
        self._grow_at = float("inf")
        self._growth = FIRST_GROWTH_SECONDS
        self._sent_since_cut = self._grew = False

    def connection_refused(self, now: float, working: int) -> None:
        """Keep to the `working` connections: the server takes no further one."""
        if working < self.limit:
            self._cut(now, working)

    def mail_refused(self, now: float, begun: float) -> None:
        """Use half of the connections, or after the last one pause for longer each time, until a mail goes.

        Mails that were under way when the pace was cut (`begun` before that) say nothing new.
        """
        if begun < self._cut_at:
            return
        if self.limit == 1 and not self._sent_since_cut:
            self._pause = min(MAX_PAUSE_SECONDS, max(FIRST_PAUSE_SECONDS, 2 * self._pause))
            self.resume_at = now + self._pause
        self._cut(now, self.limit // 2)

    def mail_sent(self, now: float) -> None:
        """Take note that the server takes mails at this pace; use one more connection from time to time."""
        self._sent_since_cut, self._pause = True, 0.0
        if self.limit < self._most and now >= self._grow_at:
            if self._grew:
                self._growth = max(FIRST_GROWTH_SECONDS, self._growth / 2)
            self.limit, self._grew, self._grow_at = self.limit + 1, True, now + self._growth

    def _cut(self, now: float, limit: int) -> None:
        # What was refused soon after the last growth is tried again only after twice as long.
        if self._grew:
            self._growth = min(MAX_GROWTH_SECONDS, 2 * self._growth)
        self.limit = max(1, limit)
        self._cut_at, self._grow_at = now, now + self._growth
        self._sent_since_cut = self._grew = False
