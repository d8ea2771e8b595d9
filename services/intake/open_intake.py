"""Opens what intake works with and runs its loops."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

import httpx

from services.intake.ask_identity import IdentityProvider
from services.intake.ask_tracker import Attempts, Tracker
from services.intake.catalogue import Catalogue
from services.intake.derive_ids import Derivation
from services.intake.follow_numbers import Numbers
from services.intake.publish_spool import spool_publisher
from services.intake.reach_kafka import SubmittedTopic
from services.intake.resources import Intake
from services.intake.settings import Settings
from services.intake.spool import Spool
from shared.crypto.record_mac import RecordSigner, RecordVerifier
from shared.crypto.sealing import EpochSealer
from shared.database import open_database
from shared.kafka.producer import EventProducer
from shared.loops import running_beside
from shared.settings import all_key_bytes, key_bytes

BACK_CHANNEL_SECONDS = 5.0


@asynccontextmanager
async def open_intake(settings: Settings, catalogue: Catalogue) -> AsyncIterator[Intake]:
    """Open everything and run the loops; whatever is away is waited for in the background."""
    async with AsyncExitStack() as stack:
        producer = await stack.enter_async_context(EventProducer(settings.kafka_connection, "intake"))
        sessions = await stack.enter_async_context(open_database(settings.database_url.get_secret_value(), most=settings.database_connections))
        http = await stack.enter_async_context(httpx.AsyncClient(timeout=BACK_CHANNEL_SECONDS))
        record_keys = all_key_bytes(settings.record_keys)
        secret = settings.oidc_client_secret.get_secret_value()
        provider = IdentityProvider(http, settings.oidc_issuer, settings.oidc_backchannel_url, (settings.oidc_client_id, secret))
        intake = Intake(
            catalogue=catalogue,
            derivation=Derivation(key_bytes(settings.idempotency_key)),
            tracker_sealer=EpochSealer(settings.tracker_sealing_key),
            notifier_sealer=EpochSealer(settings.notifier_sealing_key),
            topic=SubmittedTopic(producer, RecordSigner(record_keys), settings.kafka_deadline_seconds),
            spool=Spool(sessions),
            numbers=Numbers(),
            tracker=Tracker(settings.tracker_url, provider),
            provider=provider,
            attempts=Attempts(settings.status_attempts_per_minute),
        )
        publisher = spool_publisher(settings.database_url.get_secret_value(), intake.spool, intake.topic, intake.numbers)
        following = intake.numbers.follow(settings.kafka_connection, RecordVerifier(record_keys))
        await stack.enter_async_context(running_beside(intake.topic.probe(), publisher.run(), following))
        yield intake
