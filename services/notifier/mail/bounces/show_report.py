"""A person reads what came back and nobody could make out.

Who reads which is recorded with it, or nothing is shown.
"""

from pydantic import Field
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from services.notifier.mail.bounces.list_reports import UnclearReport
from services.notifier.mail.bounces.read_report import readable_text
from services.notifier.write.contents import ContentsBox
from shared.auth.authorize import Caller
from shared.crypto.box import CannotDecrypt
from shared.text.personal_codes import hide_lookalikes
from shared.web.problems import NotFound

ONE = text(
    "select digest, received_at, verdict, status, delivery_id, sending, mail from reports"
    " where digest = :digest and mail is not null"
)
RECORD = text("""
insert into report_reads (reader_kind, reader, digest, delivery_id) values (:kind, :reader, :digest,
  :delivery_id)""")


class ReportText(UnclearReport):
    """The same with what it says."""

    mail: str = Field(
        description=(
            "Its first 64 KiB, decoded; what is not text is replaced, "
            "and everything that looks like a henkilötunnus is covered"
        )
    )


async def show_report(session: AsyncSession, box: ContentsBox, caller: Caller, report_id: str) -> ReportText:
    """Return one report with its text, and record the read in the same transaction; raises `NotFound`."""
    row = (await session.execute(ONE, {"digest": bytes.fromhex(report_id)})).one_or_none()
    if row is None:
        raise NotFound("There is no such report, or its text is no longer kept")
    kind = "client" if caller.subject in {caller.client_id, ""} else "staff"
    reader = caller.subject[:100] or caller.client_id[:100]
    await session.execute(
        RECORD, {"kind": kind, "reader": reader, "digest": row.digest, "delivery_id": row.delivery_id}
    )
    try:
        mail = hide_lookalikes(readable_text(box.box.decrypt(row.mail, row.digest)))
    except CannotDecrypt:
        mail = "(encrypted under a key that is no longer here)"
    return ReportText(**UnclearReport.of(row).model_dump(), mail=mail)
