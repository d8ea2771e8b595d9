"""The worker as a process of its own, and what it publishes."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from uuid import UUID

from services.notifier.settings import Settings
from shared.events.envelope import Envelope, decode
from shared.events.mail_outcomes import MailOutcome
from shared.events.topics import MAIL_OUTCOMES
from shared.kafka.connection import KafkaConnection
from shared.kafka.follow import follow_topics
from tests.service.notifier.office import PRIVATE_KEY, SENDER

ROOT = Path(__file__).parents[3]
BACK_SECONDS = 600


@asynccontextmanager
async def worker(settings: Settings, **environment: str) -> AsyncIterator[asyncio.subprocess.Process]:
    """Run a worker; it is told to stop when the context ends, where it still runs."""
    environment |= {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(ROOT),
        "KAFKA_BOOTSTRAP_SERVERS": settings.kafka_bootstrap_servers,
        "NOTIFIER_DATABASE_URL": settings.database_url,
        "NOTIFIER_SEALING_PRIVATE_KEYS": PRIVATE_KEY,
        "NOTIFIER_LINK_KEY": settings.link_key.get_secret_value(),
        "NOTIFIER_FROM": SENDER,
        "NOTIFIER_SITE_URL": settings.site_url,
        "NOTIFIER_OIDC_ISSUER": settings.oidc_issuer,
        "NOTIFIER_SMTP_HOST": settings.smtp_host,
        "NOTIFIER_SMTP_PORT": str(settings.smtp_port),
        "NOTIFIER_RETRY_FIRST_SECONDS": "0.2",
    }
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "services.notifier.worker", cwd=ROOT, env=environment, stdout=asyncio.subprocess.PIPE
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.send_signal(signal.SIGTERM)
        await process.communicate()


async def outcomes_of(kafka: KafkaConnection, request_id: UUID, *, until: str) -> list[Envelope[MailOutcome]]:
    """Follow `mail.outcomes` until one of a type has come for a request, and give all of that request in order."""
    found: list[Envelope[MailOutcome]] = []
    async for records in follow_topics(kafka, [MAIL_OUTCOMES], back_seconds=BACK_SECONDS, most=100_000):
        for record in records:
            envelope = decode(record.value, record.headers)
            if isinstance(envelope.event, MailOutcome) and envelope.event.request_id == request_id:
                found.append(Envelope(envelope.event, envelope.source, envelope.id, envelope.time, envelope.traceparent))
        if any(envelope.event.type == until for envelope in found):
            break
    return found
