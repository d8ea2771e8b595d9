"""Keeps what an operator has typed to a citizen and not sent yet, per operator and request, for a day."""

import hashlib
import hmac
from collections.abc import Sequence
from uuid import UUID

from services.tracker.console.carried_text import FIELD, carried
from services.tracker.console.console_request import ConsoleRequest
from shared.crypto.keys import derive_key
from shared.drafts import DraftKey, find_draft, forget_drafts, keep_draft
from shared.settings import all_key_bytes

PURPOSE = b"asiointi/operators-drafts/1"


async def find_text(console: ConsoleRequest, request_id: UUID, found_by: str = "") -> str:
    """Return what the operator has typed; a text kept by `carry_text` under `found_by` takes precedence."""
    keys = [*carried(found_by), *_keys(console, request_id)]
    found = await find_draft(console.session, keys)
    return str(found[FIELD]) if found else ""


async def keep_text(console: ConsoleRequest, request_id: UUID, text: str) -> None:
    """Keep what the operator has typed, for a day; an empty text removes what was kept."""
    if text.strip():
        await keep_draft(console.session, _keys(console, request_id)[0], {FIELD: text})
    else:
        await forget_text(console, request_id)


async def forget_text(console: ConsoleRequest, request_id: UUID) -> None:
    """Remove what was kept, once it was sent."""
    await forget_drafts(console.session, _keys(console, request_id))


def _keys(console: ConsoleRequest, request_id: UUID) -> Sequence[DraftKey]:
    owner = request_id.bytes + console.operator.username.encode()
    keys = all_key_bytes(console.resources.settings.data_key)
    return [DraftKey(hmac.digest(derive_key(key, PURPOSE), owner, hashlib.sha256)) for key in keys]
