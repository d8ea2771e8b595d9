"""Keeps what was typed over a login, when the session had ended; only that browser gets the key to it."""

import secrets
from collections.abc import Sequence

from sqlalchemy.ext.asyncio import AsyncSession

from shared.crypto.base64url import from_base64url, to_base64url
from shared.crypto.keys import KEY_BYTES
from shared.drafts import DraftKey, keep_draft

FIELD = "text"


async def carry_text(session: AsyncSession, text: str) -> str:
    """Keep a text for a day, and return its key, base64url."""
    secret = secrets.token_bytes(KEY_BYTES)
    await keep_draft(session, DraftKey(secret), {FIELD: text})
    return to_base64url(secret)


def carried(found_by: str) -> Sequence[DraftKey]:
    """Return the key that `carry_text` returned, in a list; empty if it is invalid."""
    try:
        return [DraftKey(from_base64url(found_by))] if found_by else []
    except ValueError:
        return []
