"""Makes tracker's loops that remove old data and encrypt what an earlier version left in clear."""

from services.tracker.personal_data.at_rest import AtRest
from services.tracker.personal_data.encrypt_contents import encrypt_for_ever
from services.tracker.retention import remove_for_ever
from shared.database.engine import Sessions
from shared.drafts import remove_old_drafts
from shared.process.loops import Loop


def clean_up_loops(sessions: Sessions, at_rest: AtRest) -> list[Loop]:
    """Make the loops.

    Old drafts, contents whose retention time is over, and what an earlier version left in clear.
    """
    return [remove_old_drafts(sessions), remove_for_ever(sessions), encrypt_for_ever(sessions, at_rest)]
