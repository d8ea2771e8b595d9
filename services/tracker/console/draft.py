"""What an operator has typed to a citizen and not sent yet: it comes back to the same operator at the same request, whatever came between."""

import hashlib
import hmac
from collections.abc import Sequence
from uuid import UUID

from services.tracker.console.carried_text import FIELD, carried
from services.tracker.console.desk import Desk
from shared.crypto.keys import derive_key
from shared.drafts import DraftKey, find_draft, forget_drafts, keep_draft
from shared.settings import all_key_bytes

PURPOSE = b"asiointi/operators-drafts/1"


async def find_text(desk: Desk, request_id: UUID, found_by: str = "") -> str:
    """Give what the operator has typed; `found_by` is what `carry_text` gave: that counts first."""
    keys = [*carried(found_by), *_keys(desk, request_id)]
    found = await find_draft(desk.session, keys)
    return str(found[FIELD]) if found else ""


async def keep_text(desk: Desk, request_id: UUID, text: str) -> None:
    """Keep what the operator has typed, for a day; where that is nothing, forget what was kept."""
    if text.strip():
        await keep_draft(desk.session, _keys(desk, request_id)[0], {FIELD: text})
    else:
        await forget_text(desk, request_id)


async def forget_text(desk: Desk, request_id: UUID) -> None:
    """Forget it: it was sent."""
    await forget_drafts(desk.session, _keys(desk, request_id))


def _keys(desk: Desk, request_id: UUID) -> Sequence[DraftKey]:
    owner = request_id.bytes + desk.operator.username.encode()
    keys = all_key_bytes(desk.resources.settings.data_key)
    return [DraftKey(hmac.digest(derive_key(key, PURPOSE), owner, hashlib.sha256)) for key in keys]
