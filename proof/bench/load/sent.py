"""What became of a load, and how it passes from the generator's process to the bench."""

import json
from array import array
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from proof.bench.load.load import Load
from proof.bench.load.send import ID_LENGTH, Sender

MILLI = 1_000_000
MOMENTS = ("due", "sent", "answered", "numbered")


@dataclass(frozen=True)
class Sent:
    """Moments of each request by position, in nanoseconds of `time.monotonic_ns()`, 0 for what did not happen.

    `statuses` counts the answers (0: connections that broke), `cpu_seconds` is what the generator itself used.
    """

    load: Load
    due: Sequence[int]
    sent: Sequence[int]
    answered: Sequence[int]
    numbered: Sequence[int]
    request_ids: Sequence[str]
    statuses: Mapping[int, int]
    cpu_seconds: float

    @property
    def began(self) -> int:
        """When the first one was due."""
        return min(self.due)

    @property
    def accepted(self) -> int:
        """How many were answered with success."""
        return sum(1 for moment in self.answered if moment)

    def answer_ms(self) -> list[float]:
        """Give the milliseconds from due to answered, of those that were accepted."""
        return _between(self.due, self.answered)

    def number_ms(self) -> list[float]:
        """Give the milliseconds from due until the number was visible to who waits for it, of those that were watched."""
        return _between(self.due, self.numbered)

    def numbers_missing(self) -> int:
        """Give how many were accepted and watched, and never saw their number."""
        every = self.load.watch_every
        return sum(1 for position in range(0, len(self.due), every) if self.answered[position] and not self.numbered[position]) if every else 0

    def mail_ms(self, arrivals: Mapping[str, int]) -> list[float]:
        """Give the milliseconds from due until the sink had the mail, of those that were accepted and whose mail came."""
        return _between(self.due, self.mailed(arrivals))

    def mailed(self, arrivals: Mapping[str, int]) -> list[int]:
        """Give when each request's mail came, 0 where none did."""
        return [arrivals.get(self.load.address_of(self.load.first + position), 0) for position in range(self.load.count)]


def write_sent(sender: Sender, cpu_seconds: float, place: Path) -> None:
    """Write what was sent: a line of JSON, then the ids, then the moments as 64-bit numbers."""
    head = {"statuses": {str(status): count for status, count in sender.statuses.items()}, "cpu_seconds": cpu_seconds}
    moments = b"".join(getattr(sender, name).tobytes() for name in MOMENTS)
    place.write_bytes(json.dumps(head).encode() + b"\n" + bytes(sender.ids) + moments)


def read_sent(load: Load, place: Path) -> Sent:
    """Read what `write_sent` wrote."""
    first, _, rest = place.read_bytes().partition(b"\n")
    head: dict[str, Any] = json.loads(first)
    ids, moments = rest[: ID_LENGTH * load.count].decode(), array("q", rest[ID_LENGTH * load.count :])
    columns = {name: moments[index * load.count : (index + 1) * load.count] for index, name in enumerate(MOMENTS)}
    return Sent(
        load=load,
        **columns,
        request_ids=[ids[start : start + ID_LENGTH].strip() for start in range(0, len(ids), ID_LENGTH)],
        statuses={int(status): count for status, count in head["statuses"].items()},
        cpu_seconds=head["cpu_seconds"],
    )


def _between(begin: Sequence[int], end: Sequence[int]) -> list[float]:
    return [(late - early) / MILLI for early, late in zip(begin, end, strict=True) if late]
