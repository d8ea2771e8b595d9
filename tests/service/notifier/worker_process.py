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
from tests.eventually import eventually
from tests.follow_topic import followed_records
from tests.service.notifier.builders import PRIVATE_KEY, SENDER

ROOT = Path(__file__).parents[3]
BACK_SECONDS = 600


@asynccontextmanager
async def running_worker(settings: Settings, **environment: str) -> AsyncIterator[asyncio.subprocess.Process]:
    """Run a worker; it is told to stop when the context ends, where it still runs."""
    environment |= {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(ROOT),
        "KAFKA_BOOTSTRAP_SERVERS": settings.kafka_bootstrap_servers,
        "NOTIFIER_DATABASE_URL": settings.database_url.get_secret_value(),
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
        sys.executable,
        "-m",
        "services.notifier.worker",
        cwd=ROOT,
        env=environment,
        stdout=asyncio.subprocess.PIPE,
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.send_signal(signal.SIGTERM)
        await process.communicate()


async def outcomes_of(kafka: KafkaConnection, request_id: UUID, *, until: str) -> list[Envelope[MailOutcome]]:
    """Follow `mail.outcomes` until a request has one of a type; return all of the request in order."""
    async with followed_records(kafka, MAIL_OUTCOMES, back_seconds=BACK_SECONDS) as records:

        async def found() -> list[Envelope[MailOutcome]]:
            decoded = [
                decode(record.value, record.headers)
                for record in records
                if record.key == str(request_id).encode()
            ]
            outcomes = [
                Envelope(each.event, each.source, each.id, each.time, each.traceparent)
                for each in decoded
                if isinstance(each.event, MailOutcome)
            ]
            assert any(each.event.type == until for each in outcomes)
            return outcomes

        return await eventually(found, 30)
