"""What came to the return paths and nobody could make out, for people to look at.

All that is known of it but its text.
"""

from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel, Field
from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncSession

UNCLEAR = text("""
select digest, received_at, verdict, status, delivery_id, sending from reports
where mail is not null order by received_at desc limit :most""")


class UnclearReport(BaseModel):
    """One mail that is kept until it is as old as NOTIFIER_KEEP_DAYS says."""

    id: str = Field(description="Leads to its text, `/api/v1/reports/{id}`")
    received_at: datetime
    verdict: Literal["hard", "soft", "unknown"] = Field(description="What it says, as far as can be made out")
    status: str | None
    delivery_id: int | None = Field(
        description="The delivery that it was sent to; null where it names none of ours"
    )
    sending: int | None

    @classmethod
    def of(cls, row: Row[Any]) -> "UnclearReport":
        """Make it of a row of `reports`."""
        facts = {"received_at": row.received_at, "verdict": row.verdict, "status": row.status}
        return cls(id=row.digest.hex(), **facts, delivery_id=row.delivery_id, sending=row.sending)


async def list_reports(session: AsyncSession, most: int) -> list[UnclearReport]:
    """Return the newest."""
    return [UnclearReport.of(row) for row in await session.execute(UNCLEAR, {"most": most})]
