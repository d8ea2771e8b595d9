"""Marks the outbox before the ack: what a kill in between takes is published by nobody again."""

from typing import Any

from services.tracker import relay as product
from shared.crash_points import crash_point
from shared.events.request_lifecycle import RequestRegistered
from shared.events.topics import LIFECYCLE


def break_it() -> None:
    """Turn the relay's two steps around."""
    product.Relay._publish = _publish  # type: ignore[method-assign]  # noqa: SLF001  breaks it from outside


async def _publish(self: product.Relay, connection: Any) -> int:  # noqa: ANN401  asyncpg's connection
    rows = await connection.fetch(product.UNPUBLISHED, product.MOST)
    if rows:
        await connection.execute(product.MARK, [row["id"] for row in rows])
        if any(row["type"] == RequestRegistered.type for row in rows):
            # Only there is it a receipt that gets lost, and not a resolution.
            crash_point("variant.after-mark")
        await self._producer.send_all(LIFECYCLE, map(product._message, rows), within=product.SEND_SECONDS)  # noqa: SLF001  as above
    return len(rows)
