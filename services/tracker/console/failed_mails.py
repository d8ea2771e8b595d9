"""Requests whose mail did not reach its reader: somebody should call."""

from datetime import datetime, timedelta, timezone

from fastapi import APIRouter
from fastapi.responses import Response
from sqlalchemy import text

from services.tracker.console.desk import AtDesk

routes = APIRouter()

A_MONTH = timedelta(days=30)
A_PAGE = 100
FAILED = text("""
    select work_number, service_title_fi, first_name, last_name, template, attempt, reply, occurred_at
    from mail_outcomes failed join requests using (request_id)
    where type = 'mail.failed.v1' and occurred_at > :since and not exists (
        select from mail_outcomes sent where sent.request_id = failed.request_id and sent.type = 'mail.sent.v1'
            and sent.cause_id = failed.cause_id and sent.template = failed.template
    ) order by occurred_at desc limit :limit
""")


@routes.get("/failed-mails")
async def show(desk: AtDesk) -> Response:
    """Show the last month's, newest first, without those that went on a later try."""
    mails = (await desk.session.execute(FAILED, {"since": datetime.now(timezone.utc) - A_MONTH, "limit": A_PAGE})).all()
    return await desk.render("failed_mails.html", mails=mails, most=A_PAGE, here="failed-mails")
