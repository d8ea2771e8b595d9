"""Accepts what is on `requests.submitted` so far without a MAC: `python -m services.tracker.take_unsigned`.

For an upgrade in which an old intake went on sending after `deploy.prepare`. The reader has set those records
aside; once this has run, operators can send them again. Strangers' records from before now can be sent again
as well.
"""

import asyncio

from services.tracker.register.from_intake import record_unsigned_before
from services.tracker.settings import Settings
from shared.events.topics import SUBMITTED
from shared.kafka.lag import LagReader
from shared.settings import read_settings


async def run(settings: Settings) -> None:
    """Move the offsets that were recorded at the upgrade to where the log ends."""
    async with LagReader(settings.kafka_connection) as lags:
        await record_unsigned_before(
            settings.database_url.get_secret_value(), await lags.end_offsets(SUBMITTED), again=True
        )


if __name__ == "__main__":
    asyncio.run(run(read_settings(Settings)))
