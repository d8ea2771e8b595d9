"""Encrypts what is kept of mails again under the newest private key.

`python -m services.notifier.reencrypt`.
"""

import asyncio
import sys

from services.notifier.settings import Settings
from services.notifier.write.contents import ContentsBox
from shared.crypto.reencrypt import BoxColumn, Done, reencrypt, summarize
from shared.database.engine import open_database
from shared.settings import read_settings

SENT_MAIL = "(select convert_to(message_id, 'UTF8') from deliveries where id = delivery_id)"
COLUMNS = (
    # In this order: a mail that is sent meanwhile moves its contents from the first to the second.
    BoxColumn(
        "deliveries", "contents", key="id", key_type="bigint", context="convert_to(message_id, 'UTF8')"
    ),
    BoxColumn("sent_contents", "contents", key="delivery_id", key_type="bigint", context=SENT_MAIL),
    BoxColumn("reports", "mail", key="digest", key_type="bytea", context="digest"),
)


async def run(settings: Settings) -> Done:
    """Go through the tables once."""
    async with open_database(settings.database_url.get_secret_value()) as sessions:
        box = ContentsBox(settings.sealing_private_keys.get_secret_value()).box
        return await reencrypt(sessions, box, COLUMNS)


if __name__ == "__main__":
    done = asyncio.run(run(read_settings(Settings)))
    print(summarize(done))  # noqa: T201  a command's answer
    sys.exit(bool(done.left or done.unreadable))
