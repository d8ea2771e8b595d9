"""Simulates mails that bounce after they were accepted: sends an RFC 3464 report to the return path."""

import asyncio
from collections.abc import Mapping
from email.generator import BytesGenerator
from email.message import Message
from email.mime.base import MIMEBase
from email.mime.multipart import MIMEMultipart
from email.mime.text import MIMEText
from email.utils import formatdate, make_msgid
from io import BytesIO
from typing import NamedTuple

from aiosmtplib import SMTP, SMTPException

from shared.process.backoff import Backoff
from shared.process.logs import get_log

log = get_log(__name__)

HOST = "127.0.0.1"
MAX_TRIES = 20


class BounceReport(NamedTuple):
    """The contents of a report about a mail."""

    action: str
    status: str
    diagnostic: str


BOUNCING: Mapping[str, BounceReport] = {
    "bounce": BounceReport("failed", "5.1.1", "smtp; 550 5.1.1 No such mailbox"),
    "soft-bounce": BounceReport(
        "delayed", "4.4.1", "smtp; 450 4.4.1 The mailbox's server does not answer yet"
    ),
}


def bounce_report_for(address: str) -> BounceReport | None:
    """Return the report for a mail to an address; `None` for nearly all addresses."""
    return BOUNCING.get(address.partition("@")[0].casefold())


def report(kind: BounceReport, return_path: str, recipient: str, content: bytes) -> bytes:
    """Return the text of the report about one mail."""
    whole = MIMEMultipart("report", report_type="delivery-status")
    whole["From"] = "Mail Delivery System <MAILER-DAEMON@mailbox.example>"
    whole["To"], whole["Subject"] = return_path, "Mail delivery report"
    whole["Date"], whole["Message-ID"] = formatdate(), make_msgid(domain="mailbox.example")
    whole["Auto-Submitted"] = "auto-replied"
    whole.attach(MIMEText(f"Your mail to <{recipient}>: {kind.action} ({kind.diagnostic}).\n"))
    status = MIMEBase("message", "delivery-status")
    message, about = Message(), Message()
    message["Reporting-MTA"] = "dns; mailbox.example"
    about["Final-Recipient"], about["Action"] = f"rfc822; {recipient}", kind.action
    about["Status"], about["Diagnostic-Code"] = kind.status, kind.diagnostic
    status.set_payload([message, about])
    whole.attach(status)
    headers = MIMEBase("text", "rfc822-headers")
    headers.set_payload(
        content.replace(b"\r\n", b"\n").partition(b"\n\n")[0].decode("ascii", "replace") + "\n"
    )
    whole.attach(headers)
    written = BytesIO()
    BytesGenerator(written).flatten(whole, linesep="\r\n")
    return written.getvalue()


async def bounce(port: int, kind: BounceReport, return_path: str, recipient: str, content: bytes) -> bool:
    """Send the report to the bounce listener, once it can be reached; returns true if it was accepted."""
    backoff, raw = Backoff(first=0.1, most=5.0), report(kind, return_path, recipient, content)
    for _ in range(MAX_TRIES):
        try:
            async with SMTP(hostname=HOST, port=port, timeout=10) as smtp:
                await smtp.sendmail("", [return_path], raw)
        except (SMTPException, OSError) as error:
            log.warning("report_not_taken", error=type(error).__name__)
            await asyncio.sleep(backoff.next_delay())
        else:
            return True
    return False
