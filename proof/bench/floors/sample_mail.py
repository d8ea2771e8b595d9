"""The product's own receipt as ready bytes, so that every floor that sends mail sends as many."""

from datetime import datetime, timedelta, timezone
from uuid import UUID

from services.notifier.contents import Contents
from services.notifier.deliveries import Claimed
from services.notifier.write_mail import MailWriter

SENDER, RECIPIENT = "asiointi@kunta.example", "anna.mallikas@example.com"
REQUEST = UUID("019aa000-0000-7000-8000-000000000000")
NOON = datetime(2026, 11, 24, 12, tzinfo=timezone.utc)


def sample_mail() -> bytes:
    """Write a receipt as notifier writes it: CRLF line ends, without the dot that ends it."""
    mail = Claimed(
        id=1,
        request_id=REQUEST,
        template="receipt",
        language="fi",
        work_number="482913057",
        service_title="Pyydä laskukopio",
        submitted_at=NOON,
        due_at=NOON + timedelta(days=3),
        occurred_at=NOON,
        message_id=f"<{REQUEST}.receipt@kunta.example>",
        thread_id=None,
        contents=b"",
        attempts=0,
        trying_since=NOON,
        due_since=NOON,
    )
    writer = MailWriter(sender=SENDER, site_url="http://127.0.0.1:8400", link_key=bytes(32))
    return writer.write(mail, Contents(email=RECIPIENT, first_name="Anna"), RECIPIENT)
