"""Number and state of one request by its id: from what is known here, from the spool, or from tracker."""

from dataclasses import dataclass
from uuid import UUID

from services.intake.status.tracker_client import Tracker, TrackerAway, UnknownRequest
from services.intake.submit.recent_requests import RecentRequests
from services.intake.submit.spool import Spool, SpoolAway
from shared.limits.limit import TooMany
from shared.web.problems import NotFound, Unavailable

RETRY_AFTER_SECONDS = 5


@dataclass(frozen=True, slots=True)
class RequestProgress:
    """`state` is `accepted` until the request has its number, then tracker's.

    Where its record was set aside it is `under_investigation`, and `settled` once the sender was told another way.
    """

    request_id: UUID
    work_number: str | None
    state: str


async def ask_state(
    request_id: UUID, recent: RecentRequests, spool: Spool, tracker: Tracker
) -> RequestProgress:
    """Say how a request is getting on; raises `NotFound`, or `Unavailable` when nobody who would know answers."""
    if progress := recent.known(request_id):
        return RequestProgress(request_id, progress.work_number, progress.state)
    remembered = recent.remembers(request_id)
    if (remembered and not recent.is_late(request_id)) or await _is_spooled(spool, request_id):
        return RequestProgress(request_id, None, "accepted")
    try:
        told = await tracker.state_of(request_id)
    except UnknownRequest:
        if remembered:
            return RequestProgress(request_id, None, "accepted")
        raise NotFound from None
    except (TrackerAway, TooMany):
        if remembered:
            return RequestProgress(request_id, None, "accepted")
        raise Unavailable(retry_after=RETRY_AFTER_SECONDS) from None
    return RequestProgress(request_id, told.work_number, told.state)


async def _is_spooled(spool: Spool, request_id: UUID) -> bool:
    if not spool.filled:
        return False
    try:
        return await spool.digest_of(request_id) is not None
    except SpoolAway:
        return False
