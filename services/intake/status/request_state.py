"""Finds number and state of a request by its id: in this process, in the spool, or at tracker."""

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
    """`state` is `accepted` until the request has a number, then tracker's.

    If its record was set aside the state is `under_investigation`, or `settled` once the sender was informed
    in another way.
    """

    request_id: UUID
    work_number: str | None
    state: str


async def ask_state(
    request_id: UUID, recent: RecentRequests, spool: Spool, tracker: Tracker
) -> RequestProgress:
    """Return the state of a request.

    Raises `NotFound`, or `Unavailable` if the services that know do not answer.
    """
    if progress := recent.known(request_id):
        return RequestProgress(request_id, progress.work_number, progress.state)
    remembered = recent.remembers(request_id)
    if (remembered and not recent.is_late(request_id)) or await _is_spooled(spool, request_id):
        return RequestProgress(request_id, None, "accepted")
    try:
        found = await tracker.state_of(request_id)
    except UnknownRequest:
        if remembered:
            return RequestProgress(request_id, None, "accepted")
        raise NotFound from None
    except (TrackerAway, TooMany):
        if remembered:
            return RequestProgress(request_id, None, "accepted")
        raise Unavailable(retry_after=RETRY_AFTER_SECONDS) from None
    return RequestProgress(request_id, found.work_number, found.state)


async def _is_spooled(spool: Spool, request_id: UUID) -> bool:
    if not spool.filled:
        return False
    try:
        return await spool.digest_of(request_id) is not None
    except SpoolAway:
        return False
