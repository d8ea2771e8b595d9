"""What tracker's HTTP side works with: keys, database, producer.

Opened once, given to routes by dependency.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Annotated, TypeAlias

from fastapi import Depends, Request

from services.tracker.canary.send_canary import Canary
from services.tracker.clients.back_channel import open_back_channel
from services.tracker.clients.identity import StaffAccounts
from services.tracker.clients.intake import Intake
from services.tracker.clients.notifier import Notifier
from services.tracker.ledger.read_ledger import LedgerReader
from services.tracker.ledger.watch import LedgerWatch, watching
from services.tracker.personal_data.chain_reads import ReadsChain
from services.tracker.personal_data.keyring import Keyring, read_keyring
from services.tracker.settings import Settings
from shared.database.engine import BY_INDEX, Sessions, open_database
from shared.kafka.lag import LagReader
from shared.kafka.producer import EventProducer
from shared.process.loops import running_beside


@dataclass(frozen=True, slots=True)
class Resources:
    """Open for as long as the app runs."""

    settings: Settings
    keyring: Keyring
    sessions: Sessions
    producer: EventProducer
    lags: LagReader
    ledger: LedgerWatch
    notifier: Notifier | None
    """None where the settings do not say where it is."""
    staff: StaffAccounts


@asynccontextmanager
async def open_resources(settings: Settings) -> AsyncIterator[Resources]:
    """Open everything; servers that are away are waited for in the background."""
    kafka = settings.kafka_connection
    async with (
        open_database(
            settings.database_url.get_secret_value(),
            most=settings.database_connections,
            server_settings=BY_INDEX,
        ) as sessions,
        EventProducer(kafka, "tracker") as producer,
        LagReader(kafka) as lags,
        open_back_channel(settings) as credentials,
    ):
        intake = Intake(settings.intake_url, credentials) if settings.intake_url else None
        notifier = Notifier(settings.notifier_url, credentials) if settings.notifier_url else None
        keyring = read_keyring(settings)
        reader = LedgerReader(
            sessions,
            lags,
            intake,
            keyring.record_verifier,
            settings.alarm_url,
            settings.command_topics,
            returned_within=settings.returned_mail_working_days,
            canary_seconds=settings.canary_seconds,
        )
        chain = ReadsChain(sessions, keyring.reads_key)
        async with (
            watching(
                LedgerWatch(reader, sessions, settings.alarm_url), _canary(settings, sessions)
            ) as ledger,
            running_beside(chain.run()),
        ):
            yield Resources(
                settings, keyring, sessions, producer, lags, ledger, notifier, StaffAccounts(credentials)
            )


def _canary(settings: Settings, sessions: Sessions) -> Canary | None:
    if not settings.canary_seconds or not settings.intake_url:
        return None
    return Canary(sessions, settings.intake_url, settings.canary_mailbox, settings.canary_seconds)


async def _resources(request: Request) -> Resources:
    resources: Resources = request.app.state.resources
    return resources


GivenResources: TypeAlias = Annotated[Resources, Depends(_resources)]
