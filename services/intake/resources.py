"""Opens what intake needs while it runs (Kafka, database, HTTP clients), and runs its loops."""

import gc
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from functools import cached_property

import httpx

from services.intake.citizen.identity_client import IdentityProvider, proof_by
from services.intake.form.catalogue import Catalogue
from services.intake.form.draft_store import DraftStore
from services.intake.limits import CallerLimits
from services.intake.settings import Settings
from services.intake.status.service_state import StateOfService
from services.intake.status.tracker_client import Tracker
from services.intake.submit.circuit_breaker import SubmittedTopic
from services.intake.submit.derive_ids import Derivation
from services.intake.submit.publish_spool import spool_publisher
from services.intake.submit.recent_requests import RecentRequests
from services.intake.submit.spool import Spool
from services.intake.submit.submit_request import SubmitRequest
from shared.auth.ended_sessions import EndedSessions
from shared.crypto.record_mac import RecordSigner, RecordVerifier
from shared.crypto.sealing import EpochSealer
from shared.database.engine import open_database
from shared.drafts import remove_old_drafts
from shared.kafka.producer import EventProducer
from shared.limits.exchange import exchange_counts
from shared.limits.limit import Limit, Limits
from shared.process.loops import running_beside
from shared.settings import all_key_bytes, key_bytes
from shared.web.health import Check


@dataclass(frozen=True)
class Resources:
    """What routes and use cases use, in `app.state.resources`."""

    catalogue: Catalogue
    submit_request: SubmitRequest
    topic: SubmittedTopic
    spool: Spool
    recent: RecentRequests
    tracker: Tracker
    provider: IdentityProvider
    caller_limits: CallerLimits
    ended: EndedSessions
    drafts: DraftStore

    @cached_property
    def state_of_service(self) -> StateOfService:
        """The reader of the state of the service, with its short memory."""
        return StateOfService(lambda: self.checks, self.provider, self.tracker)

    @property
    def checks(self) -> dict[str, Check]:
        """The checks of the parts that can be away; each raises when its part is."""
        return {"kafka": self.topic.check, "database": self.spool.check}


BACK_CHANNEL_SECONDS = 5.0


@asynccontextmanager
async def open_resources(settings: Settings, catalogue: Catalogue) -> AsyncIterator[Resources]:
    """Open everything and run the loops; a server that is away is waited for in the background."""
    async with AsyncExitStack() as stack:
        producer = await stack.enter_async_context(EventProducer(settings.kafka_connection, "intake"))
        sessions = await stack.enter_async_context(
            open_database(settings.database_url.get_secret_value(), most=settings.database_connections)
        )
        http = await stack.enter_async_context(httpx.AsyncClient(timeout=BACK_CHANNEL_SECONDS))
        record_keys = all_key_bytes(settings.record_keys)
        provider = _identity_provider(settings, http)
        limits = Limits(key_bytes(settings.idempotency_key), times=settings.limits_times)
        topic = SubmittedTopic(producer, RecordSigner(record_keys), settings.kafka_deadline_seconds)
        spool, recent = Spool(sessions), RecentRequests()
        resources = Resources(
            catalogue=catalogue,
            submit_request=SubmitRequest(
                Derivation(key_bytes(settings.idempotency_key)),
                tracker_sealer=EpochSealer(settings.tracker_sealing_key),
                notifier_sealer=EpochSealer(settings.notifier_sealing_key),
                topic=topic,
                spool=spool,
                recent=recent,
            ),
            topic=topic,
            spool=spool,
            recent=recent,
            tracker=Tracker(settings.tracker_url, provider),
            provider=provider,
            caller_limits=CallerLimits(
                limits, settings.portals, Limit("look-ups", settings.status_attempts_per_minute, 60)
            ),
            ended=EndedSessions(sessions, open_while_away=True),
            drafts=DraftStore(sessions),
        )
        publisher = spool_publisher(settings.database_url.get_secret_value(), spool, topic, recent)
        following = recent.follow(settings.kafka_connection, RecordVerifier(record_keys))
        await stack.enter_async_context(
            running_beside(
                topic.probe(),
                publisher.run(),
                following,
                remove_old_drafts(sessions),
                exchange_counts(limits, sessions),
            )
        )
        # All that exists by now stays: a full collection over it would delay answers by a tenth of a second.
        gc.collect()
        gc.freeze()
        stack.callback(gc.unfreeze)
        yield resources


def _identity_provider(settings: Settings, http: httpx.AsyncClient) -> IdentityProvider:
    return IdentityProvider(
        http,
        settings.oidc_issuer,
        settings.oidc_backchannel_url,
        (settings.oidc_client_id, settings.oidc_client_secret.get_secret_value()),
        proof_by(settings),
    )
