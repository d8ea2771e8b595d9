"""The requests that this browser sent lately, in its encrypted session.

The thank-you page takes the e-mail address from here only.
"""

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
    """Store a request; the oldest go, because a cookie is small. A request sent again keeps its time."""
    earlier: dict[str, Any] = session.get("sent", {})
    if str(request_id) not in earlier:
        kept = dict(list(earlier.items())[-KEPT + 1 :])
        session["sent"] = kept | {str(request_id): asdict(sent)}


def correct(session: dict[str, Any], email: str, corrected: str) -> None:
    """Replace a corrected address in what this browser sent under the old one."""
    earlier: dict[str, Any] = session.get("sent", {})
    if any(held["email"] == email for held in earlier.values()):
        session["sent"] = {
            key: held | {"email": corrected} if held["email"] == email else held
            for key, held in earlier.items()
        }


def recall(session: dict[str, Any], request_id: UUID) -> Sent | None:
    """Return a request that this browser sent, if it did."""
    held = session.get("sent", {}).get(str(request_id))
    return Sent(**held) if held else None
