"""Everything that intake holds open while it runs."""

import asyncio
from dataclasses import dataclass, field
from uuid import UUID

from services.intake.ask_identity import IdentityProvider
from services.intake.ask_tracker import Attempts, Tracker
from services.intake.catalogue import Catalogue
from services.intake.derive_ids import Derivation
from services.intake.follow_numbers import Numbers
from services.intake.reach_kafka import SubmittedTopic
from services.intake.spool import Spool
from services.intake.submission import Accepted
from shared.crypto.sealing import EpochSealer
from shared.health import Check


@dataclass(frozen=True)
class Intake:
    """What routes and use cases work with; `app.state.intake`."""

    catalogue: Catalogue
    derivation: Derivation
    tracker_sealer: EpochSealer
    notifier_sealer: EpochSealer
    topic: SubmittedTopic
    spool: Spool
    numbers: Numbers
    tracker: Tracker
    provider: IdentityProvider
    attempts: Attempts
    in_flight: dict[UUID, tuple[bytes, asyncio.Task[Accepted]]] = field(default_factory=dict)

    @property
    def checks(self) -> dict[str, Check]:
        """Give the parts that can be away, each with a question that raises when it is."""
        return {"kafka": self.topic.check, "database": self.spool.check}
