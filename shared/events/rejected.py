"""The exception for a message that can never be handled, so that retries are useless."""


class Rejected(Exception):
    """A message that can never succeed; it belongs in the dead letters.

    `reason` is a constant slug (`bad-json`, `unknown-type`, `cannot-open`); `detail` is for operators and
    holds no personal data.
    """

    def __init__(self, reason: str, detail: str = "") -> None:
        super().__init__(f"{reason}: {detail}" if detail else reason)
        self.reason = reason
        self.detail = detail
