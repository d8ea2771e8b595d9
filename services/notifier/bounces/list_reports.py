"""What came to the return paths and nobody could make out, for people to read."""

from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel, Field
from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncSession

from services.notifier.contents import ContentsBox
from shared.crypto.box import CannotDecrypt

UNCLEAR = text("""
select received_at, verdict, status, delivery_id, sending, mail, digest from reports
where mail is not null order by received_at desc limit :most""")


class UnclearReport(BaseModel):
    """One mail that is kept until it is as old as NOTIFIER_KEEP_DAYS says."""

    received_at: datetime
    verdict: Literal["hard", "soft", "unknown"] = Field(description="What it says, as far as can be made out")
    status: str | None
    delivery_id: int | None = Field(description="The delivery that it was sent to; null where it names none of ours")
    sending: int | None
    mail: str = Field(description="Its first 64 KiB; what is not text is replaced")


async def list_reports(session: AsyncSession, box: ContentsBox, most: int) -> list[UnclearReport]:
    """Give the newest."""
    return [_shown(row, box) for row in await session.execute(UNCLEAR, {"most": most})]


def _shown(row: Row[Any], box: ContentsBox) -> UnclearReport:
    try:
        mail = box.box.decrypt(row.mail, row.digest).decode(errors="replace")
    except CannotDecrypt:
        mail = "(encrypted under a key that is no longer here)"
    facts = {"received_at": row.received_at, "verdict": row.verdict, "status": row.status}
    return UnclearReport(**facts, delivery_id=row.delivery_id, sending=row.sending, mail=mail)
