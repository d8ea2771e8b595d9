"""Encrypts personal data again under the newest data key: `python -m services.tracker.reencrypt`.

The data are personal codes, answers and texts; the key is the first of `TRACKER_DATA_KEY`.
"""

import asyncio
import sys

from services.tracker.personal_data.keyring import read_keyring
from services.tracker.settings import Settings
from shared.crypto.reencrypt import BoxColumn, Done, reencrypt, summarize
from shared.database.engine import open_database
from shared.settings import read_settings

COLUMNS = (
    BoxColumn(
        "requests", "personal_code", key="request_id", key_type="uuid", context="uuid_send(request_id)"
    ),
    BoxColumn(
        "requests",
        "answers_box",
        key="request_id",
        key_type="uuid",
        context="'answers/'::bytea || uuid_send(request_id)",
    ),
    BoxColumn(
        "history",
        "text_box",
        key="id",
        key_type="bigint",
        context="'text/'::bytea || uuid_send(event_id)",
        having="text_box is not null",
    ),
)


async def run(settings: Settings) -> Done:
    """Go through the tables once."""
    async with open_database(settings.database_url.get_secret_value()) as sessions:
        return await reencrypt(sessions, read_keyring(settings).at_rest.box, COLUMNS)


if __name__ == "__main__":
    done = asyncio.run(run(read_settings(Settings)))
    print(summarize(done))  # noqa: T201  a command's answer
    sys.exit(bool(done.left or done.unreadable))
