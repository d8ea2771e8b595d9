"""Broken variant: marks outbox entries before the ack, so that a kill in between loses them."""

from collections.abc import Sequence
from typing import Any

from shared.events.request_lifecycle import RequestRegistered
from shared.outbox import publish as product
from shared.process.crash_points import crash_point


def break_it() -> None:
    """Swap the publisher's two steps."""
    product.Publisher._send_and_mark = _send_and_mark  # type: ignore[method-assign]  # noqa: SLF001  breaks it from outside


async def _send_and_mark(self: product.Publisher, sendable: Sequence[tuple[Any, Any]]) -> None:
    await self._entries.mark([row["id"] for row, _ in sendable])
    if any(row["type"] == RequestRegistered.type for row, _ in sendable):
        # Only there a receipt is lost, and not a resolution.
        crash_point("variant.after-mark")
    await self._send([message for _, message in sendable])
