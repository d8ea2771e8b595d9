"""Encrypts personal codes again under the newest of `TRACKER_DATA_KEY`: `python -m services.tracker.reencrypt`."""

import asyncio
import sys

from services.tracker.keyring import read_keyring
from services.tracker.settings import TrackerSettings
from shared.crypto.reencrypt import BoxColumn, Done, reencrypt, said
from shared.database import open_database
from shared.settings import read_settings

COLUMNS = (BoxColumn("requests", "personal_code", key="request_id", key_type="uuid", context="uuid_send(request_id)"),)


async def run(settings: TrackerSettings) -> Done:
    """Go through the table once."""
    async with open_database(settings.database_url.get_secret_value()) as sessions:
        return await reencrypt(sessions, read_keyring(settings).at_rest.box, COLUMNS)


if __name__ == "__main__":
    done = asyncio.run(run(read_settings(TrackerSettings)))
    print(said(done))  # noqa: T201  a command's answer
    sys.exit(bool(done.left or done.unreadable))
