"""What this browser has sent lately, kept in its encrypted session: the thank-you page shows the e-mail address from here only."""

import time
from dataclasses import asdict, dataclass
from typing import Any
from uuid import UUID

KEPT = 2


@dataclass(frozen=True)
class Sent:
    """One request that was sent; `at` is in seconds since 1970."""

    service: str
    email: str
    at: int
    spooled: bool
    answer_promised: bool = True

    @property
    def age(self) -> float:
        """Seconds since it was sent."""
        return time.time() - self.at


def remember(session: dict[str, Any], request_id: UUID, sent: Sent) -> None:
    """Keep a request; older ones make room, for a cookie is small. One that is sent again keeps its time."""
    earlier: dict[str, Any] = session.get("sent", {})
    if str(request_id) not in earlier:
        kept = dict(list(earlier.items())[-KEPT + 1 :])
        session["sent"] = kept | {str(request_id): asdict(sent)}


def correct(session: dict[str, Any], email: str, corrected: str) -> None:
    """Note a corrected address with what this browser has sent under the old one."""
    earlier: dict[str, Any] = session.get("sent", {})
    if any(held["email"] == email for held in earlier.values()):
        session["sent"] = {
            key: held | {"email": corrected} if held["email"] == email else held
            for key, held in earlier.items()
        }


def recall(session: dict[str, Any], request_id: UUID) -> Sent | None:
    """Give a request that this browser has sent."""
    held = session.get("sent", {}).get(str(request_id))
    return Sent(**held) if held else None
